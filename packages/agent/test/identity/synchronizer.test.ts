import assert from 'node:assert/strict';
import { TrustDomain, type X509Svid } from '@credence/sdk';
import { ManualClock, TestCa } from '@credence/sdk/testing';
import { CertificateRequest, signCertificate } from '@credence/sdk/x509';
import type { AuthorizedEntry } from '../../dist/domain/authorized-entry.js';
import { agentError } from '../../dist/domain/errors.js';
import { BundleCache, noBundleChanges } from '../../dist/identity/bundle-cache.js';
import { EntryCache } from '../../dist/identity/entry-cache.js';
import { Minter } from '../../dist/identity/minter.js';
import type { ServerPort, X509SvidRequest, X509SvidResult } from '../../dist/identity/ports.js';
import { Subscriptions } from '../../dist/identity/subscriptions.js';
import { SvidCache } from '../../dist/identity/svid-cache.js';
import { Synchronizer } from '../../dist/identity/synchronizer.js';
import { bundle, entry, middle, selector } from '../support/entries.js';
import { RecordingLogger } from '../support/recording-logger.js';
import { until } from '../../../sdk/dist-test/support/until.js';

const hour = 3_600_000;

/** Answers from memory; issues real certificates. */
class Port implements ServerPort {
  entries: AuthorizedEntry[] = [];
  batchSize = 2;
  failure: Error | undefined;
  readonly refused = new Set<string>();
  readonly batches: number[] = [];
  syncs = 0;
  lifetimeMs = hour;
  readonly #ca: TestCa;
  readonly #clock: ManualClock;

  constructor(ca: TestCa, clock: ManualClock) {
    this.#ca = ca;
    this.#clock = clock;
  }

  syncEntries(): Promise<readonly AuthorizedEntry[]> {
    this.syncs++;
    return this.failure === undefined ? Promise.resolve(this.entries) : Promise.reject(this.failure);
  }

  fetchBundle(): Promise<ReturnType<typeof bundle>> {
    return Promise.resolve(bundle('example.org', 'root'));
  }

  fetchFederatedBundles(domains: readonly TrustDomain[]): Promise<ReadonlyMap<string, ReturnType<typeof bundle>>> {
    const known = domains.filter(({ name }) => name !== 'missing.test');
    return Promise.resolve(new Map(known.map(({ name }) => [name, bundle(name, 'root')])));
  }

  newX509Svids(requests: readonly X509SvidRequest[]): Promise<readonly X509SvidResult[]> {
    this.batches.push(requests.length);
    return Promise.resolve(requests.map((request) => this.#issue(request)));
  }

  #issue({ entryId, csr }: X509SvidRequest): X509SvidResult {
    if (this.refused.has(entryId)) return { kind: 'refused', reason: 'entry not found or not authorized' };
    const { publicKeyInfo, uriSans } = CertificateRequest.parse(csr);
    const notBefore = this.#clock.now();
    const notAfter = new Date(notBefore.getTime() + this.lifetimeMs);
    const template = this.#ca.leafTemplate(uriSans[0] ?? '', this.#ca.key, { notBefore, notAfter });
    return { kind: 'issued', chain: [signCertificate({ ...template, publicKeyInfo }, this.#ca.key)] };
  }
}

async function setUp(): Promise<{
  clock: ManualClock;
  port: Port;
  svids: SvidCache;
  log: RecordingLogger;
  subscriptions: Subscriptions;
  synchronizer: Synchronizer;
  refusals: Error[];
}> {
  const clock = new ManualClock();
  const port = new Port(await TestCa.create('example.org'), clock);
  const log = new RecordingLogger();
  const [entries, bundles] = [new EntryCache(), new BundleCache(bundle('example.org', 'stored'))];
  const svids = new SvidCache({ clock, random: middle });
  const refusals: Error[] = [];
  const onMissing = (): void => {
    synchronizer.hurry();
  };
  const subscriptions = new Subscriptions({ entries, svids, bundles, onMissing });
  const minter = new Minter({
    server: port,
    svids,
    keyType: 'ec-p256',
    log,
    onIssued: (issued) => {
      subscriptions.notify({ entries: issued, bundles: noBundleChanges });
    },
  });
  const common = { clock, random: middle, log, intervalMs: 5000, server: port, entries, bundles, svids };
  const synchronizer = new Synchronizer({
    ...common,
    minter,
    subscriptions,
    onBundle: () => Promise.resolve(),
    onRefused: (refusal) => {
      refusals.push(refusal);
      return Promise.reject(refusal);
    },
  });
  return { clock, port, svids, log, subscriptions, synchronizer, refusals };
}

function hold(svids: SvidCache, held: AuthorizedEntry): X509Svid | string | undefined {
  return svids.identity(held)?.spiffeId.toString();
}

describe('synchronizer', () => {
  let stop: AbortController;

  beforeEach(() => {
    stop = new AbortController();
  });

  afterEach(() => {
    stop.abort();
  });

  it('mints for every entry, in batches of the size that the server bears', async () => {
    const { port, svids, synchronizer } = await setUp();
    port.entries = ['a', 'b', 'c', 'd', 'e'].map((id) => entry(id));
    await synchronizer.synchronize(stop.signal);
    assert.deepEqual(port.batches, [2, 2, 1]);
    assert.equal(svids.size, 5);
  });

  it('mints again only what is due', async () => {
    const { port, synchronizer } = await setUp();
    port.entries = [entry('a'), entry('b')];
    await synchronizer.synchronize(stop.signal);
    port.entries = [entry('a'), entry('b', { revisionNumber: 1n })];
    await synchronizer.synchronize(stop.signal);
    assert.deepEqual(port.batches, [2, 1]);
  });

  it('leaves alone what is for a secret store, and what nobody wants and is not to be fetched ahead', async () => {
    const { port, svids, subscriptions, synchronizer } = await setUp();
    const lazy = entry('lazy', { disableX509SvidPrefetch: true });
    port.entries = [lazy, entry('stored', { storeSvid: true })];
    await synchronizer.synchronize(stop.signal);
    assert.equal(svids.size, 0);
    const stream = subscriptions.watch([selector('unix:uid:1000')], stop.signal);
    const first = stream.next();
    await synchronizer.synchronize(stop.signal);
    assert.equal((await first).value?.identities[0]?.entryId, 'lazy');
  });

  it('keeps going when the server refuses one entry', async () => {
    const { port, svids, log, synchronizer } = await setUp();
    port.entries = [entry('a'), entry('b')];
    port.refused.add('a');
    await synchronizer.synchronize(stop.signal);
    assert.deepEqual([hold(svids, entry('a')), hold(svids, entry('b'))], [undefined, 'spiffe://example.org/b']);
    assert.equal(log.count('failed to mint X509-SVID'), 1);
  });

  it('runs a round every interval, and asks for ever while the server is away, up to a minute apart', async () => {
    const { clock, port, synchronizer } = await setUp();
    const running = assert.rejects(synchronizer.run(stop.signal), { name: 'AbortError' });
    await clock.waitForSleepers(1);
    await clock.advance(5000);
    assert.equal(port.syncs, 1);
    port.failure = agentError('ERR_SERVER_UNREACHABLE', 'away');
    await clock.advance(5000);
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) {
      await clock.waitForSleepers(1);
      waits.push(clock.nextDueMs ?? 0);
      await clock.advance(clock.nextDueMs ?? 0);
    }
    assert.equal(port.syncs, 22);
    assert.ok(waits.every((wait, i) => wait >= (waits[i - 1] ?? 0)));
    assert.equal(waits.at(-1), 60_000 * 0.9);
    port.failure = undefined;
    await clock.advance(clock.nextDueMs ?? 0);
    await clock.waitForSleepers(1);
    assert.equal(clock.nextDueMs, 5000);
    stop.abort();
    await running;
  });

  it('does not let a rotation wait for the round', async () => {
    const { clock, port, svids, synchronizer } = await setUp();
    port.entries = [entry('a')];
    port.lifetimeMs = 4000;
    await synchronizer.synchronize(stop.signal);
    const running = assert.rejects(synchronizer.run(stop.signal), { name: 'AbortError' });
    for (let round = 2; round < 5; round++) {
      await clock.waitForSleepers(1);
      assert.equal(clock.nextDueMs, 2000);
      await clock.advance(2000);
      await until(`round ${round}`, () => port.batches.length === round);
      assert.notEqual(hold(svids, entry('a')), undefined);
    }
    stop.abort();
    await running;
  });

  it('hands over a refusal, and ends when nothing can be done about it', async () => {
    const { port, synchronizer, refusals } = await setUp();
    port.failure = agentError('ERR_SERVER_REFUSED', 'banned');
    await assert.rejects(synchronizer.synchronize(stop.signal), { code: 'ERR_SERVER_REFUSED' });
    assert.equal(refusals.length, 1);
  });

  it('warns once of a federated bundle that the server does not have', async () => {
    const { port, log, synchronizer } = await setUp();
    port.entries = [entry('a', { federatesWith: [TrustDomain.parse('missing.test'), TrustDomain.parse('here.test')] })];
    await synchronizer.synchronize(stop.signal);
    await synchronizer.synchronize(stop.signal);
    assert.equal(log.count('federated bundle missing'), 1);
  });
});
