// Who the agent takes a caller for, when real processes do what they can to be taken for another: security vectors
// EV-50 and EV-51.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { JwtBundle, SpiffeId, TrustDomain } from '@credence/sdk';
import { Latest, silentLogger, systemClock, systemRandom } from '@credence/sdk/runtime';
import { ProcWorkloadAttestation } from '../../packages/agent/dist/attestation/workload/proc-workload-attestation.js';
import { UnixAttestor } from '../../packages/agent/dist/attestation/workload/unix/unix-attestor.js';
import type { Workload, WorkloadAttestor } from '../../packages/agent/dist/attestation/workload/workload-attestor.js';
import type { Selector } from '../../packages/agent/dist/domain/selector.js';
import type { WorkloadSnapshot } from '../../packages/agent/dist/domain/workload-identity.js';
import type { WorkloadAttestation, WorkloadSnapshots } from '../../packages/agent/dist/endpoints/ports.js';
import { WorkloadEndpoint } from '../../packages/agent/dist/endpoints/workload-endpoint.js';
import { defaultAgentSettings } from '../../packages/agent/dist/settings.js';
import { until } from '../support/until.js';
import { WorkloadProcess } from '../support/workload-process.js';

const root = process.geteuid?.() === 0;
const ownUid = process.geteuid!();
const secret = 'the private key';
const trustDomain = TrustDomain.parse('example.org');
const procPath = '/proc';

/** Entitles everybody to the identity of the user that he acts for. */
function snapshotFor(selectors: readonly Selector[], version: number): WorkloadSnapshot {
  const uid = selectors.find(({ value }) => value.startsWith('uid:'))?.value.slice(4);
  const svid = {
    chain: [Buffer.from('leaf')],
    privateKey: Buffer.from(secret),
    notBefore: new Date(0),
    expiresAt: new Date(1),
  };
  const identities = [
    {
      entryId: 'one',
      spiffeId: SpiffeId.fromSegments(trustDomain, 'uid', String(uid)),
      hint: '',
      createdAt: new Date(0),
      federatesWith: [],
      svid,
    },
  ];
  const bundle = {
    trustDomain,
    x509Authorities: [],
    jwtBundle: JwtBundle.fromAuthorities(trustDomain, []),
    taintedJwtKeyIds: new Set<string>(),
    refreshHintSeconds: 0,
    sequenceNumber: BigInt(version),
  };
  return { identities, bundle, federatedBundles: new Map() };
}

/** The unix attestor, which stops before and after its work when the test says so. */
class SteppedAttestor implements WorkloadAttestor {
  readonly type = 'unix';
  readonly #attestor = new UnixAttestor({
    procPath,
    passwdPath: '/etc/passwd',
    groupPath: '/etc/group',
    discoverWorkloadPath: true,
    workloadSizeLimit: -1,
  });
  before: (workload: Workload) => Promise<void> = () => Promise.resolve();
  after: (workload: Workload) => Promise<void> = () => Promise.resolve();

  async attest(workload: Workload, signal: AbortSignal): Promise<readonly string[]> {
    await this.before(workload);
    try {
      return await this.#attestor.attest(workload, signal);
    } finally {
      await this.after(workload);
    }
  }
}

class Snapshots implements WorkloadSnapshots {
  readonly changes = new Latest(0);

  async *watch(selectors: readonly Selector[], signal: AbortSignal): AsyncGenerator<WorkloadSnapshot> {
    for await (const version of this.changes.watch({ signal })) yield snapshotFor(selectors, version);
  }

  entitlements(): readonly [] {
    return [];
  }

  trusted(selectors: readonly Selector[]): WorkloadSnapshot {
    return snapshotFor(selectors, this.changes.value);
  }
}

/** FetchX509SVID on a connection that somebody opened; `received` grows as the agent talks. */
function fetchOn(socket: Socket): { received: () => string; status: Promise<number>; closed: Promise<void> } {
  let text = '';
  const session = connectHttp2('http://localhost', { createConnection: () => socket });
  session.on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/SpiffeWorkloadAPI/FetchX509SVID',
    'content-type': 'application/grpc',
    'workload.spiffe.io': 'true',
  });
  stream.on('error', () => undefined);
  stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  stream.end(Buffer.alloc(5));
  const status = new Promise<number>((resolve) => {
    stream.once('response', (headers) => {
      resolve(Number(headers['grpc-status']));
    });
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
  return { received: () => text, status, closed };
}

describe('the identity of a caller', () => {
  let folder: string;
  let socketPath: string;
  let attestor: SteppedAttestor;
  let snapshots: Snapshots;
  let endpoint: WorkloadEndpoint;
  let workload: WorkloadProcess;
  let pretend: (attestation: WorkloadAttestation) => WorkloadAttestation;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-peer-'));
    await chmod(folder, 0o755);
    socketPath = join(folder, 'api.sock');
    attestor = new SteppedAttestor();
    snapshots = new Snapshots();
    pretend = (attestation) => attestation;
    const real = new ProcWorkloadAttestation({
      clock: systemClock,
      log: silentLogger,
      attestors: [attestor],
      procPath,
    });
    const attestation: WorkloadAttestation = { attest: (peer, signal) => pretend(real).attest(peer, signal) };
    endpoint = new WorkloadEndpoint({
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      attestation,
      snapshots,
      jwtSvids: { fetch: () => Promise.reject(new Error('unused')) },
      rules: defaultAgentSettings,
      services: defaultAgentSettings.services,
      rateLimits: defaultAgentSettings.rateLimits,
      socketPath,
      procPath,
    });
    await endpoint.start();
    workload = await WorkloadProcess.start();
  });

  afterEach(async () => {
    await workload.kill();
    await endpoint[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  // Without root there is but one user to be.
  for (const uid of root ? [0, 1234, 65534] : [ownUid]) {
    it(`is that of its process and user, here ${uid} (EV-51)`, async () => {
      const attested: Workload[] = [];
      attestor.before = (one) => {
        attested.push(one);
        return Promise.resolve();
      };
      if (root) await workload.become(uid, uid);
      await workload.connect(socketPath);
      assert.deepEqual(await workload.fetch(), { spiffeIds: [`spiffe://example.org/uid/${uid}`] });
      assert.deepEqual(
        attested.map(({ pid }) => pid),
        [workload.pid],
      );
    });
  }

  it('is that of the process that connected, in whose hands the connection may be', async () => {
    const uid = root ? 1234 : ownUid;
    if (root) await workload.become(uid, uid);
    const attested: number[] = [];
    attestor.before = ({ pid }) => {
      attested.push(pid);
      return Promise.resolve();
    };
    const call = fetchOn(await workload.connectAndHandOver(socketPath));
    await until('the identity arrived', () => call.received().includes(secret));
    assert.ok(call.received().includes(`spiffe://example.org/uid/${uid}`));
    assert.deepEqual(attested, [workload.pid]);
    assert.notEqual(workload.pid, process.pid);
  });

  it('is nobody when the process died while it was attested, and its connection is cut (EV-50)', async () => {
    attestor.after = () => workload.kill();
    const call = fetchOn(await workload.connectAndHandOver(socketPath));
    await call.closed;
    assert.equal(call.received(), '');
  });

  it('is nobody when the process died before the call, and its connection is cut (EV-50)', async () => {
    const socket = await workload.connectAndHandOver(socketPath);
    await workload.kill();
    const call = fetchOn(socket);
    await call.closed;
    assert.equal(call.received(), '');
  });

  it('ends with the process: a stream in the hands of another gets no more keys', async () => {
    const call = fetchOn(await workload.connectAndHandOver(socketPath));
    await until('the identity arrived', () => call.received().includes(secret));
    const before = call.received();
    await workload.kill();
    snapshots.changes.set(1);
    await call.closed;
    assert.equal(call.received(), before);
  });

  it('is nobody once the process changed its user after it connected', async () => {
    if (root) await workload.becomeForAWhile(1234);
    await workload.connect(socketPath);
    assert.ok((await workload.fetch()).spiffeIds);
    if (root) {
      await workload.becomeForAWhile(0);
    } else {
      // Nobody but root can change his user: the process is taken to have connected as another one.
      pretend = (real) => ({
        attest: ({ pid, uid, gid, startTime, executable }, signal) => {
          const alive = { isAlive: () => true, disconnect: () => undefined };
          return real.attest({ pid, uid: uid + 1, gid, startTime, executable, ...alive }, signal);
        },
      });
    }
    assert.deepEqual(await workload.fetch(), { code: status.UNAVAILABLE });
  });

  if (root) {
    it('is nobody when the process acts for another user just while it is looked at', async () => {
      await workload.becomeForAWhile(1234);
      await workload.connect(socketPath);
      assert.deepEqual(await workload.fetch(), { spiffeIds: ['spiffe://example.org/uid/1234'] });
      const socket = await workload.connectAndHandOver(socketPath);
      attestor.before = () => workload.becomeForAWhile(0);
      attestor.after = () => workload.becomeForAWhile(1234);
      const call = fetchOn(socket);
      assert.equal(await call.status, status.UNAVAILABLE);
      assert.equal(call.received(), '');
    });
  }
});
