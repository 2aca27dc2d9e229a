import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, status } from '@grpc/grpc-js';
import { TrustDomain } from '@credence/sdk';
import { silentLogger, systemRandom } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { entryApi } from '@credence/sdk/wire';
import { Authorizer } from '../../../dist/api/authorizer.js';
import { unobserved } from '../../../dist/api/observer.js';
import { Admissions } from '../../../dist/api/call.js';
import { Connections } from '../../../dist/api/connections.js';
import { createEntryService } from '../../../dist/api/entry/service.js';
import { listenAdmin } from '../../../dist/api/listeners/admin-socket.js';
import { Pipeline } from '../../../dist/api/pipeline.js';
import type { Entries } from '../../../dist/registration/ports.js';
import { call } from '../support/test-server.js';

describe('a listener with a call that runs', () => {
  let folder: string;
  let clock: ManualClock;
  let started: Promise<void>;
  let finish: (count: number) => void;
  let listener: AsyncDisposable;
  let client: ReturnType<typeof entryApi.createClient>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-shutdown-'));
    clock = new ManualClock();
    const path = join(folder, 'api.sock');
    const { entries, ...rest } = blockingEntries();
    ({ started, finish } = rest);
    listener = await listenAdmin({ path, ...listenerOptions(clock, entries) });
    client = entryApi.createClient(`unix:${path}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
  });
  afterEach(async () => {
    finish(0);
    client.close();
    await listener[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('lets it finish when it is told to stop, and takes no new connection', async () => {
    const running = call(client, 'CountEntries', {});
    await started;
    const stopped = listener[Symbol.asyncDispose]();
    const late = entryApi.createClient(`unix:${join(folder, 'api.sock')}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
    await assert.rejects(call(late, 'CountEntries', {}), { code: status.UNAVAILABLE });
    late.close();
    finish(7);
    assert.equal((await running).count, 7);
    await stopped;
  });

  it('cuts it ten seconds after it was told to stop', async () => {
    const running = call(client, 'CountEntries', {});
    const refused = assert.rejects(running, { code: status.UNAVAILABLE });
    await started;
    const stopped = listener[Symbol.asyncDispose]();
    await clock.waitForSleepers(2);
    await clock.advance(10_000);
    await stopped;
    await refused;
  });

  it('ends it after a minute when its client set no deadline', async () => {
    const running = call(client, 'CountEntries', {});
    const refused = assert.rejects(running, { code: status.DEADLINE_EXCEEDED });
    await started;
    await clock.advance(59_999);
    await clock.advance(1);
    await refused;
  });
});

function blockingEntries(): { entries: Entries; started: Promise<void>; finish: (count: number) => void } {
  let begin: () => void = () => undefined;
  let finish: (count: number) => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const count = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const entries: Pick<Entries, 'count'> = {
    count: () => {
      begin();
      return count;
    },
  };
  return { entries: entries as Entries, started, finish };
}

function listenerOptions(clock: ManualClock, entries: Entries): Omit<Parameters<typeof listenAdmin>[0], 'path'> {
  const surroundings = {
    clock,
    random: systemRandom,
    observer: unobserved,
    log: silentLogger,
    admissions: new Admissions(),
  };
  const ports = {
    trustDomain: TrustDomain.parse('example.org'),
    entries,
    authorized: { forAgent: () => [], find: () => undefined },
  };
  const authorizer = new Authorizer({
    clock,
    adminIds: [],
    grants: { isAdmin: () => false, downstreamEntries: () => [] },
    agents: { get: () => Promise.resolve(undefined), promote: () => Promise.resolve() },
  });
  const service = {
    definition: entryApi.definition,
    handlers: createEntryService(ports, new Pipeline(surroundings)),
  };
  return { ...surroundings, connections: new Connections(), authorizer, services: [service] };
}
