import assert from 'node:assert/strict';
import { join } from 'node:path';
import { silentLogger, systemRandom } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import type { Datastore } from '../../dist/datastore/datastore.js';
import { openDatastore } from '../../dist/datastore/sql/open-datastore.js';
import { RecordingLogger } from '../ca/support/recording-logger.js';
import { Registration } from '../../dist/registration/registration.js';
import {
  agent1,
  attestation,
  id,
  newEntry,
  selectors,
  start,
  temporaryDirectory,
  trustDomain,
} from '../datastore/fixtures.js';

interface Started {
  readonly datastore: Datastore;
  readonly registration: Registration;
  readonly clock: ManualClock;
}

async function withRegistration(
  work: (started: Started) => Promise<void>,
  seed: (datastore: Datastore) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await using folder = await temporaryDirectory();
  const clock = new ManualClock(start);
  await using datastore = await openDatastore({ path: join(folder.path, 'd.sqlite3'), clock, log: silentLogger });
  await seed(datastore);
  const settings = { trustDomain, datastore, clock, random: systemRandom, log: silentLogger };
  await using registration = new Registration(settings);
  await registration.start(new AbortController().signal);
  await work({ datastore, registration, clock });
}

function authorized({ authorized }: Registration): string[] {
  return authorized.forAgent(agent1).map((entry) => entry.id);
}

describe('Registration', () => {
  it('loads what is stored', () =>
    withRegistration(
      ({ registration }) => {
        assert.deepEqual(authorized(registration).sort(), ['aliased', 'web']);
        return Promise.resolve();
      },
      async ({ entries, agents }) => {
        await entries.create(newEntry({ parentId: agent1 }));
        const alias = { parentId: id('/spire/server'), spiffeId: id('/alias'), selectors: selectors('k:1') };
        await entries.create(newEntry({ id: 'alias', ...alias }));
        await entries.create(newEntry({ id: 'aliased', parentId: id('/alias') }));
        await agents.attest(attestation({ selectors: selectors('k:1') }));
      },
    ));

  it('misses no write that comes while it loads', async () => {
    await using folder = await temporaryDirectory();
    const clock = new ManualClock(start);
    await using datastore = await openDatastore({ path: join(folder.path, 'd.sqlite3'), clock, log: silentLogger });
    const settings = { trustDomain, datastore, clock, random: systemRandom, log: silentLogger };
    await using registration = new Registration(settings);
    const names = Array.from({ length: 1500 }, (_, n) => String(n));
    const create = (name: string) =>
      datastore.entries.create(newEntry({ id: name, parentId: agent1, spiffeId: id(`/${name}`) }));
    await Promise.all(names.slice(0, 1200).map(create));
    await Promise.all([
      registration.start(new AbortController().signal),
      ...names.slice(1200).map(create),
      ...names.slice(0, 100).map((name) => datastore.entries.delete(name)),
    ]);
    assert.deepEqual(authorized(registration).sort(), names.slice(100).sort());
  });

  it('shows a write of any store as soon as it has resolved', () =>
    withRegistration(async ({ registration, datastore }) => {
      await registration.entries.create(newEntry({ parentId: agent1 }));
      assert.deepEqual(authorized(registration), ['web']);
      const alias = newEntry({
        id: 'alias',
        parentId: agent1,
        spiffeId: id('/alias'),
        selectors: selectors(`spiffe_id:${String(agent1)}`),
      });
      await datastore.joinTokens.create({ value: 'one', expiresAt: start }, alias);
      assert.deepEqual(authorized(registration), ['web', 'alias']);
      await registration.entries.update('web', { parentId: id('/x'), admin: true });
      assert.deepEqual(authorized(registration), ['alias']);
      assert.equal(registration.grants.isAdmin(id('/web')), true);
      await datastore.agents.attest(attestation());
      await datastore.agents.delete(agent1);
      assert.deepEqual(authorized(registration), []);
      await registration.entries.delete('web');
      assert.equal(registration.grants.isAdmin(id('/web')), false);
    }));

  it('tells of each change that its answers show', () =>
    withRegistration(async ({ registration }) => {
      const watch = registration.changed.watch({ initial: false });
      const next = watch.next();
      await registration.entries.create(newEntry());
      assert.deepEqual(await next, { done: false, value: registration.changed.value });
    }));

  it('makes an ID for an entry without one, and keeps a given one', () =>
    withRegistration(async ({ registration }) => {
      const made = await registration.entries.create(newEntry({ id: '' }));
      assert.match(made.entry.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const given = await registration.entries.create(newEntry({ id: 'x'.repeat(255), spiffeId: id('/given') }));
      assert.equal(given.entry.id.length, 255);
    }));

  const mixed = { selectors: selectors('a:1', 'b:1'), storeSvid: true };
  const prefetchOff = { disableX509SvidPrefetch: true, jwtSvidIncludeJti: false };
  const refused: { changes: Parameters<typeof newEntry>[0]; message: string; onUpdate: boolean }[] = [
    { changes: { id: 'x'.repeat(256) }, message: 'entry ID too long', onUpdate: false },
    { changes: { id: 'a/b' }, message: 'entry ID contains invalid characters', onUpdate: false },
    { changes: { id: 'a\n' }, message: 'entry ID contains invalid characters', onUpdate: false },
    { changes: { x509SvidTtlSeconds: -1 }, message: 'X509SvidTtl is not set', onUpdate: true },
    { changes: { jwtSvidTtlSeconds: -1 }, message: 'JwtSvidTtl is not set', onUpdate: true },
    {
      changes: mixed,
      message: 'selector types must be the same when store SVID is enabled',
      onUpdate: true,
    },
    {
      changes: { storeSvid: true, additionalAttributes: prefetchOff },
      message: 'disable X509-SVID prefetch is not allowed when store SVID is enabled',
      onUpdate: false,
    },
  ];
  for (const { changes, message, onUpdate } of refused) {
    it(`refuses an entry: ${message}`, () =>
      withRegistration(async ({ registration: { entries } }) => {
        const error = {
          code: 'ERR_INVALID_ARGUMENT',
          message: `datastore-validation: invalid registration entry: ${message}`,
        };
        const { entry } = await entries.create(newEntry());
        await assert.rejects(entries.create(newEntry({ spiffeId: id('/other'), ...changes })), error);
        if (onUpdate) await assert.rejects(entries.update('web', changes ?? {}), error);
        assert.deepEqual(await entries.get('web'), entry);
        assert.equal(await entries.count({}), 1);
      }));
  }

  it('holds a partial update against the fields that it keeps', () =>
    withRegistration(async ({ registration: { entries } }) => {
      await entries.create(newEntry({ selectors: mixed.selectors }));
      await assert.rejects(entries.update('web', { storeSvid: true }), { message: /selector types must be the same/ });
      assert.equal((await entries.update('web', { hint: 'x' })).hint, 'x');
    }));

  it('prunes expired entries every five minutes; until then they count', () =>
    withRegistration(async ({ registration, clock }) => {
      const expiresAt = new Date(start.getTime() + 1000);
      await clock.waitForSleepers(2); // the first round, at the start, is over
      await registration.entries.create(newEntry({ parentId: agent1, expiresAt }));
      await clock.advance(5 * 60_000 - 1);
      assert.deepEqual(authorized(registration), ['web']);
      const pruned = registration.changed.watch({ initial: false }).next();
      await clock.advance(1);
      await pruned;
      assert.deepEqual(authorized(registration), []);
    }));

  it('lets others write between what expires by the hundred', async () => {
    await using folder = await temporaryDirectory();
    const clock = new ManualClock(start);
    await using datastore = await openDatastore({ path: join(folder.path, 'd.sqlite3'), clock, log: silentLogger });
    const expiresAt = new Date(start.getTime() - 1);
    const names = Array.from({ length: 600 }, (_, n) => String(n));
    await Promise.all(
      names.map((name) => datastore.entries.create(newEntry({ id: name, spiffeId: id(`/${name}`), expiresAt }))),
    );
    const log = new RecordingLogger();
    await using registration = new Registration({ trustDomain, datastore, clock, random: systemRandom, log });
    await registration.start(new AbortController().signal);
    const rounds: number[] = [];
    await clock.waitForSleepers(2);
    for (const { fields } of log.lines) rounds.push((fields as { entryIds: readonly string[] }).entryIds.length);
    assert.deepEqual(rounds, [250, 250, 100]);
    assert.equal(await datastore.entries.count({}), 0);
  });

  it('reads again at the next turn what it could not read', async () => {
    await using folder = await temporaryDirectory();
    const clock = new ManualClock(start);
    await using datastore = await openDatastore({ path: join(folder.path, 'd.sqlite3'), clock, log: silentLogger });
    let failures = 0;
    const since: Datastore['changes']['since'] = (after, limit) =>
      failures-- > 0 ? Promise.reject(new Error('disk')) : datastore.changes.since(after, limit);
    const { changes, entries, agents } = datastore;
    const flaky = {
      entries,
      agents,
      changes: {
        since,
        last: () => changes.last(),
        prune: (before: Date) => changes.prune(before),
        onCommit: (listener: () => void | Promise<void>) => changes.onCommit(listener),
      },
    };
    const settings = { trustDomain, datastore: flaky, clock, random: systemRandom, log: silentLogger };
    await using registration = new Registration(settings);
    await registration.start(new AbortController().signal);
    failures = 1;
    await registration.entries.create(newEntry({ parentId: agent1 }));
    assert.deepEqual(authorized(registration), []);
    const caughtUp = registration.changed.watch({ initial: false }).next();
    await clock.advance(5000);
    await caughtUp;
    assert.deepEqual(authorized(registration), ['web']);
  });
});
