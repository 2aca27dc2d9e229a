import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { status } from '@grpc/grpc-js';
import { systemClock, systemRandom } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import { rootBundle } from '../../dist/domain/root-bundle.js';
import { attestNode } from '../../dist/serverclient/attest-node.js';
import { ServerAddresses } from '../../dist/serverclient/server-addresses.js';
import { ServerClient } from '../../dist/serverclient/server-client.js';
import { JoinTokenProver } from '../../dist/attestation/node/join-token/join-token-prover.js';
import { FakeServer } from '../support/fake-server.js';
import { Front } from '../support/front.js';
import { RecordingLogger } from '../support/recording-logger.js';

const never = new AbortController().signal;
const proof = new JoinTokenProver({ kind: 'value', value: 'token' });
const [first, second, third] = ['127.0.0.2', '127.0.0.3', '::1'] as const;
const inOrder = [first, second, third];

describe('a server with several addresses', () => {
  let server: FakeServer;
  let fronts: Map<string, Front>;
  let resolved: readonly string[] | 'silence';
  let client: ServerClient;

  beforeEach(async () => {
    server = await FakeServer.create();
    server.tokens.add('token');
    fronts = new Map();
    for (const address of inOrder) fronts.set(address, await Front.open(address, server.port));
    resolved = inOrder;
    const addresses = new ServerAddresses({
      clock: systemClock,
      host: 'server.test',
      random: { bytes: (count) => Buffer.alloc(count), uniform: () => 0 },
      resolve: (host) => {
        assert.equal(host, 'server.test');
        if (resolved === 'silence') return new Promise(() => undefined);
        return resolved.length === 0 ? Promise.reject(new Error('getaddrinfo ENOTFOUND')) : Promise.resolve(resolved);
      },
    });
    const at = { clock: systemClock, addresses, port: server.port, trustDomain: server.trustDomain };
    const bundle = rootBundle(server.trustDomain, [server.ca.certificate.raw]);
    const { svid } = await attestNode(at, { proof, bundle }, never); // through the first
    client = new ServerClient({
      log: new RecordingLogger(),
      proof,
      bundle: () => bundle,
      identity: () => svid,
      server: at,
    });
  });

  afterEach(async () => {
    client[Symbol.dispose]();
    for (const front of fronts.values()) await front[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const front = (address: string): Front => fronts.get(address)!;
  const used = (): readonly number[] => inOrder.map((address) => front(address).connections);
  const call = (): Promise<unknown> => client.syncEntries(new Map(), never);

  /** The call works, and in less than five seconds. */
  async function works(): Promise<void> {
    const begun = performance.now();
    await call();
    assert.ok(performance.now() - begun < 5000);
  }

  it('is connected to at one after the other, IPv6 too, and at one at a time', async () => {
    assert.deepEqual(used(), [1, 0, 0]);
    await call();
    await call();
    assert.deepEqual(used(), [1, 1, 0]);
    for (const expected of [
      [1, 1, 1],
      [2, 1, 1],
    ]) {
      client.drop();
      await call();
      assert.deepEqual(used(), expected);
    }
  });

  it('is found where it still is when one refuses connections', async () => {
    await front(second).close();
    await works();
    assert.deepEqual(used(), [1, 0, 1]);
  });

  it('is found where it still is when one takes connections and says nothing', async () => {
    front(second).freeze();
    await works();
    assert.equal(used()[2], 1);
  });

  it('is called again elsewhere when a connection breaks under a call, which nobody notices', async () => {
    await call();
    server.intercept = async () => {
      server.intercept = () => undefined;
      await front(second).close();
    };
    await works();
    assert.deepEqual(used(), [1, 1, 1]);
  });

  it('is called again elsewhere when one falls silent under a call', async () => {
    await call();
    front(second).freeze();
    await works();
    assert.deepEqual(used(), [1, 1, 1]);
  }).timeout(10_000);

  it('is called again elsewhere when one says that it is unavailable', async () => {
    let refusals = 2;
    server.intercept = () => {
      if (refusals-- > 0) throw new StatusError(status.UNAVAILABLE, 'draining');
    };
    await works();
    assert.deepEqual(used(), [2, 1, 1]);
  });

  it('is not called for ever when all say so', async () => {
    server.intercept = () => {
      throw new StatusError(status.UNAVAILABLE, 'draining');
    };
    await assert.rejects(call(), { code: 'ERR_SERVER_UNREACHABLE', message: /draining/ });
    assert.equal(server.count('SyncAuthorizedEntries'), 3);
  });

  it('is followed to new addresses', async () => {
    await call();
    resolved = [third];
    await front(first).close();
    await front(second).close();
    await works();
    assert.deepEqual(used(), [1, 1, 1]);
  });

  it('is unreachable when nobody answers, and the error says why', async () => {
    for (const address of inOrder) await front(address).close();
    await assert.rejects(call(), { code: 'ERR_SERVER_UNREACHABLE', message: /connect ECONNREFUSED/ });
  });

  it('is unreachable when all are silent, and the error names them', async () => {
    for (const address of inOrder) front(address).freeze();
    await assert.rejects(call(), {
      code: 'ERR_SERVER_UNREACHABLE',
      message: "none of the server's addresses answers: 127.0.0.3, ::1, 127.0.0.2",
    });
  }).timeout(10_000);

  for (const failure of ['silence', []] as const) {
    const what = failure === 'silence' ? 'does not answer' : 'has forgotten it';
    it(`is found where it was when the name service ${what}`, async () => {
      await call();
      await front(second).close();
      resolved = failure;
      await works();
      assert.deepEqual(used(), [1, 1, 1]);
    });
  }

  it('is unreachable when its name never had an address, and the error says so', async () => {
    const addresses = new ServerAddresses({
      ...{ clock: systemClock, random: systemRandom, host: 'server.test' },
      resolve: () => Promise.reject(new Error('getaddrinfo ENOTFOUND')),
    });
    await assert.rejects(addresses.candidates(), {
      code: 'ERR_SERVER_UNREACHABLE',
      message: "the server's name server.test has no address: getaddrinfo ENOTFOUND",
    });
  });

  it('is given up when the signal aborts', async () => {
    for (const address of inOrder) front(address).freeze();
    const stop = new AbortController();
    const calling = client.syncEntries(new Map(), stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(calling, /enough/);
  });
});
