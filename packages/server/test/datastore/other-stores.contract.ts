// What every JoinTokenStore, BundleStore, JournalStore and ChangeLog keep to.
import assert from 'node:assert/strict';
import type { TrustBundle, X509Authority } from '../../dist/domain/trust-bundle.js';
import {
  agent1,
  attestation,
  id,
  newEntry,
  start,
  trustDomain,
  withDatastore,
  type CreateDatabase,
} from './fixtures.js';

const expiresAt = new Date(start.getTime() + 600_123);

export function describeJoinTokenStore(create: CreateDatabase): void {
  describe('JoinTokenStore', () => {
    it('gives a token to exactly one of 100 concurrent takers', () =>
      withDatastore(create, async ({ datastore: { joinTokens } }) => {
        await joinTokens.create({ value: 't', expiresAt });
        const takers = Array.from({ length: 100 }, () => joinTokens.take('t'));
        const taken = (await Promise.all(takers)).filter((token) => token !== undefined);
        assert.deepEqual(taken, [{ value: 't', expiresAt }]);
        assert.equal(await joinTokens.take('t'), undefined);
      }));

    it('stores the alias with the token, or neither', () =>
      withDatastore(create, async ({ datastore: { joinTokens, entries } }) => {
        const alias = newEntry({ parentId: agent1 });
        await joinTokens.create({ value: 't', expiresAt }, alias);
        assert.equal(await entries.count({}), 1);
        await assert.rejects(joinTokens.create({ value: 't', expiresAt }, newEntry({ id: 'second' })), {
          code: 'ERR_TOKEN_EXISTS',
        });
        const clash = newEntry({ spiffeId: id('/clash') });
        await assert.rejects(joinTokens.create({ value: 'u', expiresAt }, clash), { code: 'ERR_ENTRY_EXISTS' });
        assert.equal(await joinTokens.take('u'), undefined);
        assert.equal(await entries.count({}), 1);
      }));

    it('never puts the token into an error', () =>
      withDatastore(create, async ({ datastore: { joinTokens } }) => {
        await joinTokens.create({ value: 'secret-token', expiresAt });
        await assert.rejects(joinTokens.create({ value: 'secret-token', expiresAt }), (error: Error) => {
          return !`${error.message} ${JSON.stringify(error)}`.includes('secret-token');
        });
      }));
  });
}

const root = (name: string, tainted = false): X509Authority => ({ certificate: Buffer.from(name), tainted });
const bundle: TrustBundle = {
  trustDomain,
  x509Authorities: [root('one'), root('two', true)],
  jwtAuthorities: [
    { publicKey: Buffer.from([0, 255]), keyId: 'k', expiresAt, tainted: false },
    { publicKey: Buffer.from([1]), keyId: 'l', expiresAt: undefined, tainted: true },
  ],
  refreshHintSeconds: 300,
  sequenceNumber: 2n ** 64n - 1n,
};

export function describeBundleStore(create: CreateDatabase): void {
  describe('BundleStore', () => {
    it('gives back a bundle as it was set, the largest sequence number too', () =>
      withDatastore(create, async ({ datastore: { bundles } }) => {
        assert.equal(await bundles.get(trustDomain), undefined);
        await bundles.set({ ...bundle, refreshHintSeconds: 1 });
        await bundles.set(bundle);
        assert.deepEqual(await bundles.get(trustDomain), bundle);
        assert.deepEqual(await bundles.list(), [bundle]);
      }));

    it('has another number once others are to ask at another time (SPIFFE Trust Domain and Bundle §4.1.1)', () =>
      withDatastore(create, async ({ datastore: { bundles } }) => {
        await assert.rejects(bundles.setRefreshHint(trustDomain, 60), { code: 'ERR_BUNDLE_NOT_FOUND' });
        const { sequenceNumber } = await bundles.append(trustDomain, { x509Authorities: [root('one')] });
        const read = async (): Promise<unknown[]> => {
          const stored = await bundles.get(trustDomain);
          return [stored?.refreshHintSeconds, stored?.sequenceNumber, stored?.x509Authorities.length];
        };
        await bundles.setRefreshHint(trustDomain, 60);
        assert.deepEqual(await read(), [60, sequenceNumber + 1n, 1]);
        await bundles.setRefreshHint(trustDomain, 60);
        assert.deepEqual(await read(), [60, sequenceNumber + 1n, 1]);
        await bundles.append(trustDomain, { x509Authorities: [root('two')] });
        assert.deepEqual(await read(), [60, sequenceNumber + 2n, 2]);
      }));

    it('creates with sequence number 0, adds what is new, and counts only changes', () =>
      withDatastore(create, async ({ datastore: { bundles, changes } }) => {
        const created = await bundles.append(trustDomain, { x509Authorities: [root('one', true), root('one')] });
        assert.deepEqual([created.sequenceNumber, created.x509Authorities], [0n, [root('one', true)]]);
        const same = await bundles.append(trustDomain, { x509Authorities: [root('one')] });
        assert.deepEqual(same, created);
        const more = await bundles.append(trustDomain, { jwtAuthorities: bundle.jwtAuthorities });
        assert.deepEqual([more.sequenceNumber, more.jwtAuthorities], [1n, bundle.jwtAuthorities]);
        assert.deepEqual(await bundles.get(trustDomain), more);
        assert.equal((await changes.since(0, 10)).length, 2);
      }));

    it('loses no authority that is appended at the same time', () =>
      withDatastore(create, async ({ datastore: { bundles } }) => {
        const names = Array.from({ length: 20 }, (_, n) => String(n));
        await Promise.all(names.map((name) => bundles.append(trustDomain, { x509Authorities: [root(name)] })));
        assert.deepEqual(
          (await bundles.get(trustDomain))?.x509Authorities,
          names.map((name) => root(name)),
        );
      }));

    it('replaces authorities by a function of what is stored', () =>
      withDatastore(create, async ({ datastore: { bundles } }) => {
        const change = ({ x509Authorities }: TrustBundle) => ({
          x509Authorities: x509Authorities.slice(1),
          jwtAuthorities: [],
        });
        await assert.rejects(bundles.replace(trustDomain, change), { code: 'ERR_BUNDLE_NOT_FOUND' });
        await bundles.set({ ...bundle, sequenceNumber: 7n });
        const replaced = await bundles.replace(trustDomain, change);
        const expected = { ...bundle, x509Authorities: [root('two', true)], jwtAuthorities: [], sequenceNumber: 8n };
        assert.deepEqual(replaced, expected);
        assert.deepEqual(await bundles.replace(trustDomain, (current) => current), expected);
      }));
  });
}

export function describeJournalStore(create: CreateDatabase): void {
  describe('JournalStore', () => {
    it('saves, replaces, lists and deletes records', () =>
      withDatastore(create, async ({ datastore: { journals } }) => {
        const first = await journals.save({ activeX509AuthorityId: 'aa', data: '{}' });
        const second = await journals.save({ activeX509AuthorityId: 'bb', data: '{}' });
        assert.equal(await journals.save({ id: first, activeX509AuthorityId: 'cc', data: 'new' }), first);
        await journals.delete(second);
        assert.deepEqual(await journals.list(), [{ id: first, activeX509AuthorityId: 'cc', data: 'new' }]);
      }));

    it('writes a record anew when it was deleted meanwhile', () =>
      withDatastore(create, async ({ datastore: { journals } }) => {
        const gone = await journals.save({ activeX509AuthorityId: 'aa', data: 'old' });
        await journals.delete(gone);
        const id = await journals.save({ id: gone, activeX509AuthorityId: 'aa', data: 'kept' });
        assert.deepEqual(await journals.list(), [{ id, activeX509AuthorityId: 'aa', data: 'kept' }]);
      }));
  });
}

export function describeChangeLog(create: CreateDatabase): void {
  describe('ChangeLog', () => {
    it('tells every change of entries, agents and bundles in order', () =>
      withDatastore(create, async ({ datastore: { changes, entries, agents, bundles } }) => {
        assert.equal(await changes.last(), 0);
        await entries.create(newEntry());
        await agents.attest(attestation());
        await bundles.append(trustDomain, {});
        await entries.update('web', {});
        await agents.ban(agent1);
        await entries.delete('web');
        const all = await changes.since(0, 100);
        assert.deepEqual(
          all.map(({ noun, key }) => `${noun} ${key}`),
          [
            'entry web',
            `agent ${String(agent1)}`,
            'bundle example.org',
            'entry web',
            `agent ${String(agent1)}`,
            'entry web',
          ],
        );
        assert.equal(all.at(-1)?.id, await changes.last());
        assert.deepEqual(await changes.since(all[1]!.id, 2), all.slice(2, 4));
      }));

    it('prunes what is older, and never gives a number again', () =>
      withDatastore(create, async ({ datastore: { changes, entries }, clock }) => {
        await entries.create(newEntry());
        const last = await changes.last();
        await clock.advance(1000);
        await changes.prune(clock.now());
        assert.deepEqual(await changes.since(0, 10), []);
        await entries.update('web', {});
        assert.ok((await changes.last()) > last);
      }));
  });
}
