import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { ManualClock, TestCa } from '@credence/sdk/testing';
import { StatusError } from '@credence/sdk/wire';
import { systemClock, systemRandom } from '@credence/sdk/runtime';
import { rootBundle } from '../../dist/domain/root-bundle.js';
import { attestNode, isReachable, type Admission } from '../../dist/serverclient/attest-node.js';
import { resolveHost, ServerAddresses } from '../../dist/serverclient/server-addresses.js';
import { ServerClient } from '../../dist/serverclient/server-client.js';
import { JoinTokenProver } from '../../dist/attestation/node/join-token/join-token-prover.js';
import { FakeServer } from '../support/fake-server.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { until } from '../../../sdk/dist-test/support/until.js';

const never = new AbortController().signal;
const proof = new JoinTokenProver({ kind: 'value', value: 'token' });

describe('connection to the server', () => {
  let server: FakeServer;

  beforeEach(async () => {
    server = await FakeServer.create();
    server.tokens.add('token');
  });

  afterEach(() => server[Symbol.asyncDispose]());

  const at = (address = '127.0.0.1', clock = systemClock): Parameters<typeof attestNode>[0] => {
    const addresses = new ServerAddresses({ clock, host: address, random: systemRandom, resolve: resolveHost });
    return { clock, addresses, port: server.port, trustDomain: server.trustDomain };
  };
  const roots = (ca = server.ca): ReturnType<typeof rootBundle> => rootBundle(server.trustDomain, [ca.certificate.raw]);

  async function attested(clock = systemClock): Promise<{ client: ServerClient; admission: Admission }> {
    const admission = await attestNode(at(), { proof, bundle: roots() }, never);
    const { svid, bundle } = admission;
    const options = { log: new RecordingLogger(), proof, bundle: () => bundle, identity: () => svid };
    return { client: new ServerClient({ ...options, server: at('127.0.0.1', clock) }), admission };
  }

  for (const address of ['127.0.0.1', 'localhost']) {
    it(`reaches ${address}, whose name the certificate does not hold`, async () => {
      const { svid } = await attestNode(at(address), { proof, bundle: roots() }, never);
      assert.equal(svid.id.toString(), 'spiffe://example.org/spire/agent/join_token/token');
    });
  }

  for (const { code, connections } of [
    { code: status.INVALID_ARGUMENT, connections: 1 },
    { code: status.NOT_FOUND, connections: 1 },
    { code: status.RESOURCE_EXHAUSTED, connections: 1 },
    { code: status.UNIMPLEMENTED, connections: 1 },
    { code: status.UNAVAILABLE, connections: 2 },
    { code: status.INTERNAL, connections: 2 },
    { code: status.PERMISSION_DENIED, connections: 2 },
  ]) {
    it(`is ${connections === 1 ? 'kept' : 'made anew'} after ${status[code]}`, async () => {
      const { client } = await attested();
      using _ = client;
      await client.fetchBundle(never);
      const before = server.connections - 1;
      server.intercept = () => {
        server.intercept = () => undefined;
        throw new StatusError(code, 'no');
      };
      await assert.rejects(client.fetchBundle(never));
      await client.fetchBundle(never);
      assert.equal(server.connections - before, connections);
    });
  }

  it('refuses a server of another authority', async () => {
    assert.equal(await isReachable(at(), roots(), never), true);
    const other = await TestCa.create('example.org');
    assert.equal(await isReachable(at(), roots(other), never), false);
    await assert.rejects(attestNode(at(), { proof, bundle: roots(other) }, never), {
      code: 'ERR_SERVER_UNREACHABLE',
      message: /^no answer to AttestAgent: self-signed certificate.*; the trust bundle of this agent does not vouch/,
    });
    assert.ok(server.tokens.has('token'));
  });

  it('refuses a member of the trust domain that is not the server', async () => {
    await server.stop();
    await server.start('/web');
    assert.equal(await isReachable(at(), roots(), never), false);
    assert.deepEqual(server.calls, []);
  });

  it('gives a call 30 seconds, and then a new connection', async () => {
    const clock = new ManualClock();
    const { client } = await attested(clock);
    using _ = client;
    server.intercept = () => new Promise(() => undefined);
    const syncing = assert.rejects(client.syncEntries(new Map(), never), {
      code: 'ERR_SERVER_UNREACHABLE',
      message: 'no answer within 30 s',
    });
    await clock.waitForSleepers(1);
    await until('the call', () => server.count('SyncAuthorizedEntries') === 1);
    await clock.advance(30_000);
    await syncing;
    server.intercept = () => undefined;
    assert.deepEqual(await client.syncEntries(new Map(), never), []);
    assert.equal(clock.sleepers, 0);
  });

  it('ends a call when its signal aborts', async () => {
    const { client } = await attested();
    using _ = client;
    const stop = new AbortController();
    server.intercept = () => {
      stop.abort(new Error('enough'));
      return new Promise(() => undefined);
    };
    await assert.rejects(client.fetchBundle(stop.signal), /enough/);
    await assert.rejects(client.fetchBundle(stop.signal), /enough/);
  });

  it('lets no call run beside a rotation', async () => {
    const { client, admission } = await attested();
    using _ = client;
    const order: string[] = [];
    server.intercept = (method) => void order.push(method);
    const before = client.syncEntries(new Map(), never).then(() => order.push('synchronized'));
    const rotating = client.rotate(
      admission.svid,
      () => {
        order.push('adopted');
        return Promise.resolve();
      },
      never,
    );
    const after = client.fetchBundle(never);
    await Promise.all([before, rotating, after]);
    assert.deepEqual(order, ['SyncAuthorizedEntries', 'synchronized', 'RenewAgent', 'adopted', 'GetBundle']);
  });

  it('names the reason of a refusal', async () => {
    const { client } = await attested();
    using _ = client;
    assert.deepEqual(await client.syncEntries(new Map(), never), []);
    for (const agent of server.agents.values()) agent.banned = true;
    await assert.rejects(client.syncEntries(new Map(), never), {
      code: 'ERR_SERVER_REFUSED',
      details: { reason: 'AGENT_BANNED', method: 'SyncAuthorizedEntries' },
    });
  });

  for (const [code, expected] of [
    [status.UNAVAILABLE, 'ERR_SERVER_UNREACHABLE'],
    [status.DEADLINE_EXCEEDED, 'ERR_SERVER_UNREACHABLE'],
    [status.INTERNAL, 'ERR_SERVER_RESPONSE'],
    [status.RESOURCE_EXHAUSTED, 'ERR_SERVER_RESPONSE'],
    [status.UNAUTHENTICATED, 'ERR_SERVER_RESPONSE'],
    [status.PERMISSION_DENIED, 'ERR_SERVER_RESPONSE'],
  ] as const) {
    it(`takes ${status[code]} without a reason as ${expected}: it may pass`, async () => {
      const { client } = await attested();
      using _ = client;
      server.intercept = () => {
        throw new StatusError(code, 'no');
      };
      await assert.rejects(client.fetchBundle(never), { code: expected });
    });
  }

  for (const [code, expected] of [
    [status.INVALID_ARGUMENT, 'ERR_SERVER_REFUSED'],
    [status.PERMISSION_DENIED, 'ERR_SERVER_REFUSED'],
    [status.FAILED_PRECONDITION, 'ERR_SERVER_REFUSED'],
    [status.UNIMPLEMENTED, 'ERR_SERVER_REFUSED'],
    [status.UNAVAILABLE, 'ERR_SERVER_UNREACHABLE'],
    [status.INTERNAL, 'ERR_SERVER_RESPONSE'],
  ] as const) {
    it(`takes ${status[code]} to an attestation as ${expected}`, async () => {
      server.intercept = () => {
        throw new StatusError(code, 'no');
      };
      await assert.rejects(attestNode(at(), { proof, bundle: roots() }, never), { code: expected });
    });
  }
});
