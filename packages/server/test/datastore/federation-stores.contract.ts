// What every FederatedBundleStore and RelationshipStore keep to.
import assert from 'node:assert/strict';
import { SpiffeId, TrustDomain } from '@credence/sdk';
import type { FederationRelationship } from '../../dist/domain/federation-relationship.js';
import type { TrustBundle } from '../../dist/domain/trust-bundle.js';
import { newEntry, selectors, trustDomain, withDatastore, type CreateDatabase } from './fixtures.js';

const bundleOf = (name: string, changes: Partial<TrustBundle> = {}): TrustBundle => ({
  trustDomain: TrustDomain.parse(name),
  x509Authorities: [{ certificate: Buffer.from(name), tainted: false }],
  jwtAuthorities: [],
  refreshHintSeconds: 0,
  sequenceNumber: 5n,
  ...changes,
});
const partner = bundleOf('partner.example');

export function describeFederatedBundleStore(create: CreateDatabase): void {
  describe('FederatedBundleStore', () => {
    it('creates a bundle once, with its own sequence number', () =>
      withDatastore(create, async ({ datastore: { federatedBundles, bundles } }) => {
        await federatedBundles.create(partner);
        assert.deepEqual(await bundles.get(partner.trustDomain), partner);
        await assert.rejects(federatedBundles.create(partner), { code: 'ERR_BUNDLE_EXISTS' });
      }));

    it('updates a bundle by a function of what is stored, and only one that is there', () =>
      withDatastore(create, async ({ datastore: { federatedBundles, bundles } }) => {
        const change = (bundle: TrustBundle): TrustBundle => ({ ...bundle, refreshHintSeconds: 60 });
        await assert.rejects(federatedBundles.update(partner.trustDomain, change), { code: 'ERR_BUNDLE_NOT_FOUND' });
        await bundles.set(partner);
        const expected = { ...partner, refreshHintSeconds: 60 };
        assert.deepEqual(await federatedBundles.update(partner.trustDomain, change), expected);
        assert.deepEqual(await bundles.get(partner.trustDomain), expected);
      }));

    it('deletes a bundle with the entries that federate with it, or parts them', () =>
      withDatastore(create, async ({ datastore: { federatedBundles, bundles, entries, changes } }) => {
        const { trustDomain: name } = partner;
        await assert.rejects(federatedBundles.delete(name, 'restrict'), { code: 'ERR_BUNDLE_NOT_FOUND' });
        for (const mode of ['restrict', 'dissociate', 'delete'] as const) {
          await bundles.set(partner);
          await bundles.set(bundleOf('other.example'));
          const federatesWith = [name, TrustDomain.parse('other.example')];
          await entries.create(newEntry({ id: mode, selectors: selectors(`unix:uid:${mode}`), federatesWith }));
          const last = await changes.last();
          if (mode === 'restrict') {
            await assert.rejects(federatedBundles.delete(name, mode), {
              code: 'ERR_BUNDLE_IN_USE',
              message: 'datastore-sql: cannot delete bundle; federated with 1 registration entries',
            });
            assert.equal(await changes.last(), last);
            await entries.delete(mode);
            await federatedBundles.delete(name, mode);
          } else {
            await federatedBundles.delete(name, mode);
            const told = (await changes.since(last, 10)).map(({ noun, key }) => [noun, key]);
            assert.deepEqual(told, [
              ['entry', mode],
              ['bundle', name.name],
            ]);
          }
          assert.equal(await bundles.get(name), undefined);
          assert.notEqual(await bundles.get(TrustDomain.parse('other.example')), undefined);
          const left = await entries.get(mode);
          if (mode !== 'dissociate') assert.equal(left, undefined);
          else assert.deepEqual([left?.federatesWith.map(String), left?.revisionNumber], [['other.example'], 1]);
        }
      }));

    it('lists by name, page by page, without the own bundle', () =>
      withDatastore(create, async ({ datastore: { federatedBundles, bundles } }) => {
        for (const name of ['c.example', 'a.example', trustDomain.name, 'b.example']) await bundles.set(bundleOf(name));
        const list = async (size: number, token: string): Promise<unknown> => {
          const { items, nextToken } = await federatedBundles.list(trustDomain, { size, token });
          return [items.map((bundle) => bundle.trustDomain.name), nextToken];
        };
        assert.deepEqual(await list(0, 'ignored'), [['a.example', 'b.example', 'c.example'], '']);
        assert.deepEqual(await list(2, ''), [['a.example', 'b.example'], 'b.example']);
        assert.deepEqual(await list(2, 'b.example'), [['c.example'], 'c.example']);
        assert.deepEqual(await list(2, 'c.example'), [[], '']);
        await assert.rejects(list(2, 'no name!'), { code: 'ERR_INVALID_ARGUMENT' });
      }));
  });
}

export function describeRelationshipStore(create: CreateDatabase): void {
  const web: FederationRelationship = {
    trustDomain: TrustDomain.parse('web.example'),
    endpointUrl: 'https://web.example/bundle?x=1',
    profile: { kind: 'https_web' },
  };
  const spiffe: FederationRelationship = {
    trustDomain: partner.trustDomain,
    endpointUrl: 'https://127.0.0.1:8443/',
    profile: { kind: 'https_spiffe', endpointId: SpiffeId.parse('spiffe://partner.example/endpoint') },
  };

  describe('RelationshipStore', () => {
    it('keeps one relationship a trust domain, and the bundle that came along', () =>
      withDatastore(create, async ({ datastore: { relationships, bundles } }) => {
        await relationships.create(web);
        await relationships.create(spiffe, partner);
        assert.deepEqual(await relationships.get(web.trustDomain), web);
        assert.deepEqual(await relationships.get(spiffe.trustDomain), spiffe);
        assert.deepEqual(await bundles.get(partner.trustDomain), partner);
        assert.deepEqual(await relationships.list({ size: 0, token: '' }), { items: [spiffe, web], nextToken: '' });
        const next = await relationships.list({ size: 1, token: 'partner.example' });
        assert.deepEqual(next, { items: [web], nextToken: 'web.example' });
      }));

    it('stores no bundle with a relationship that is there already', () =>
      withDatastore(create, async ({ datastore: { relationships, bundles } }) => {
        await relationships.create(spiffe);
        await assert.rejects(relationships.create(spiffe, partner), { code: 'ERR_RELATIONSHIP_EXISTS' });
        assert.equal(await bundles.get(partner.trustDomain), undefined);
      }));

    it('changes and deletes what is there, and leaves the bundle', () =>
      withDatastore(create, async ({ datastore: { relationships, bundles } }) => {
        const { trustDomain: name, profile } = spiffe;
        await assert.rejects(relationships.update(name, {}), { code: 'ERR_RELATIONSHIP_NOT_FOUND' });
        await assert.rejects(relationships.delete(name), { code: 'ERR_RELATIONSHIP_NOT_FOUND' });
        await relationships.create({ ...web, trustDomain: name });
        assert.deepEqual(await relationships.update(name, { profile }, partner), {
          ...web,
          trustDomain: name,
          profile,
        });
        await relationships.update(name, { endpointUrl: spiffe.endpointUrl });
        assert.deepEqual(await relationships.get(name), spiffe);
        await relationships.delete(name);
        assert.equal(await relationships.get(name), undefined);
        assert.deepEqual(await bundles.get(name), partner);
      }));
  });
}
