import assert from 'node:assert/strict';
import { checkEntryPatch, checkNewEntry, type EntryFields } from '../../dist/registration/entry-rules.js';
import { id, newEntry, selectors, trustDomain } from '../datastore/fixtures.js';

const td = trustDomain.name;
const fields: EntryFields = {
  id: 'web',
  spiffeId: { trustDomain: td, path: '/web' },
  parentId: { trustDomain: td, path: '/node1' },
  selectors: selectors('unix:uid:1000'),
  x509SvidTtlSeconds: 1,
  jwtSvidTtlSeconds: 2,
  federatesWith: ['other.org', 'spiffe://other.org/any', td],
  admin: true,
  downstream: false,
  storeSvid: true,
  hint: 'ü'.repeat(512),
  dnsNames: ['b.test', '*.a.test'],
  expiresAtSeconds: 1_900_000_000,
  additionalAttributes: { disableX509SvidPrefetch: true, jwtSvidIncludeJti: false },
};

describe('checkNewEntry', () => {
  it('makes an entry of every field, each of its own', () => {
    const { federatesWith, ...entry } = checkNewEntry(fields, trustDomain);
    assert.deepEqual(
      federatesWith.map(({ name }) => name),
      ['other.org', td],
    );
    assert.deepEqual(
      { ...entry, federatesWith: [] },
      newEntry({
        x509SvidTtlSeconds: 1,
        jwtSvidTtlSeconds: 2,
        admin: true,
        storeSvid: true,
        hint: fields.hint,
        dnsNames: fields.dnsNames,
        expiresAt: new Date(1_900_000_000_000),
        additionalAttributes: fields.additionalAttributes,
      }),
    );
  });

  for (const path of ['/spire/server', '/spire/agent/join_token/x', '/web']) {
    it(`accepts the parent ${path}`, () => {
      assert.equal(checkNewEntry({ ...fields, parentId: { trustDomain: td, path } }, trustDomain).parentId.path, path);
    });
  }

  it('takes the trust domain of an ID given as one', () => {
    const spiffeId = { trustDomain: `spiffe://${td}/dropped`, path: '/kept' };
    assert.ok(checkNewEntry({ ...fields, spiffeId }, trustDomain).spiffeId.equals(id('/kept')));
  });

  it('takes no expiry as never', () => {
    assert.equal(checkNewEntry({ ...fields, expiresAtSeconds: 0 }, trustDomain).expiresAt, undefined);
  });

  const refused: { changes: Partial<EntryFields>; message: string | RegExp }[] = [
    { changes: { parentId: undefined }, message: 'invalid parent ID: request must specify SPIFFE ID' },
    {
      changes: { parentId: { trustDomain: 'b.org', path: '/x' } },
      message: 'invalid parent ID: "spiffe://b.org/x" is not a member of trust domain "example.org"',
    },
    {
      changes: { parentId: { trustDomain: td, path: '' } },
      message: 'invalid parent ID: "spiffe://example.org" is not a member of trust domain "example.org"; path is empty',
    },
    { changes: { spiffeId: undefined }, message: 'invalid spiffe ID: request must specify SPIFFE ID' },
    {
      changes: { spiffeId: { trustDomain: td, path: '/spire/x' } },
      message:
        'invalid spiffe ID: "spiffe://example.org/spire/x" is not a workload in trust domain "example.org"; ' +
        'path is in the reserved namespace',
    },
    { changes: { spiffeId: { trustDomain: td, path: '/a/../b' } }, message: /^invalid spiffe ID: .*dot|\.\./ },
    { changes: { spiffeId: { trustDomain: 'A', path: '/a' } }, message: /^invalid spiffe ID: trust domain 'A'/ },
    { changes: { selectors: [] }, message: 'selector list is empty' },
    { changes: { selectors: [{ type: '', value: 'v' }] }, message: 'missing selector type' },
    { changes: { selectors: [{ type: 'a:b', value: 'v' }] }, message: 'selector type contains ":"' },
    { changes: { selectors: [{ type: 'a', value: '' }] }, message: 'missing selector value' },
    { changes: { dnsNames: ['a', 'a.'] }, message: 'invalid DNS name: "a.": domain ends with dot' },
    { changes: { federatesWith: ['A'] }, message: /^invalid federated trust domain: / },
    { changes: { hint: 'ü'.repeat(513) }, message: 'hint is too long, max length is 1024 characters' },
    { changes: { expiresAtSeconds: -1 }, message: /^invalid expiry: -1 / },
    { changes: { expiresAtSeconds: 8.64e12 + 1 }, message: /^invalid expiry/ },
  ];
  for (const { changes, message } of refused) {
    it(`refuses ${JSON.stringify(changes, (_, value: unknown) => value ?? null).slice(0, 80)}`, () => {
      checkNewEntry(fields, trustDomain);
      assert.throws(() => checkNewEntry({ ...fields, ...changes }, trustDomain), {
        code: 'ERR_INVALID_ARGUMENT',
        message,
      });
      assert.throws(() => checkEntryPatch(changes, trustDomain), { code: 'ERR_INVALID_ARGUMENT', message });
    });
  }
});

describe('checkEntryPatch', () => {
  it('holds only what was given', () => {
    assert.deepEqual(checkEntryPatch({}, trustDomain), {});
    assert.deepEqual(checkEntryPatch({ hint: '', admin: false }, trustDomain), { hint: '', admin: false });
  });

  it('clears an expiry and attributes that are given as none', () => {
    const patch = checkEntryPatch({ expiresAtSeconds: 0, additionalAttributes: undefined }, trustDomain);
    assert.deepEqual(Object.entries(patch), [
      ['additionalAttributes', undefined],
      ['expiresAt', undefined],
    ]);
  });

  it('equals a new entry when it has every field', () => {
    const { id: entryId, ...rest } = fields;
    assert.deepEqual({ id: entryId, ...checkEntryPatch(rest, trustDomain) }, checkNewEntry(fields, trustDomain));
  });
});
