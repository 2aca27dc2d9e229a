import assert from 'node:assert/strict';
import { TrustDomain } from '@credence/sdk';
import type { SyncAuthorizedEntriesRequest } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/SyncAuthorizedEntriesRequest.js';
import type { SyncAuthorizedEntriesResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/SyncAuthorizedEntriesResponse.js';
import type { Entry__Output } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { parseEntry } from '../../dist/serverclient/entry-wire.js';
import { syncEntries } from '../../dist/serverclient/sync-entries.js';
import { RecordingLogger } from '../support/recording-logger.js';

const trustDomain = TrustDomain.parse('example.org');
type Response = SyncAuthorizedEntriesResponse__Output;

function wire(id: string, fields: Partial<Entry__Output> = {}): Entry__Output {
  return {
    id,
    spiffe_id: { trust_domain: 'example.org', path: `/${id}` },
    parent_id: null,
    selectors: [{ type: 'unix', value: 'uid:1' }],
    x509_svid_ttl: 0,
    federates_with: [],
    admin: false,
    downstream: false,
    expires_at: '0',
    dns_names: [],
    revision_number: '0',
    store_svid: false,
    jwt_svid_ttl: 0,
    hint: '',
    created_at: '100',
    ...fields,
  };
}

const entries = (items: Entry__Output[], more = false): Response => ({ entry_revisions: [], entries: items, more });
const revisions = (items: Entry__Output[], more = false): Response => ({
  entry_revisions: items.map(({ id, revision_number, created_at }) => ({ id, revision_number, created_at })),
  entries: [],
  more,
});

/** Plays the responses in order and keeps what was sent. */
class Script {
  readonly sent: SyncAuthorizedEntriesRequest[] = [];
  readonly #responses: Response[];

  constructor(...responses: Response[]) {
    this.#responses = responses;
  }

  send(request: SyncAuthorizedEntriesRequest): void {
    this.sent.push(request);
  }

  receive(): Promise<Response | undefined> {
    return Promise.resolve(this.#responses.shift());
  }
}

async function sync(script: Script, ...known: Entry__Output[]): Promise<{ ids: string[]; log: RecordingLogger }> {
  const log = new RecordingLogger();
  const held = new Map(known.map((item) => [item.id, parseEntry(item, trustDomain)]));
  const found = await syncEntries(script, held, { trustDomain, log });
  for (const item of found)
    if (held.get(item.id)?.revisionNumber === item.revisionNumber) assert.equal(held.get(item.id)?.id, item.id);
  return { ids: found.map(({ id }) => id).sort(), log };
}

describe('syncEntries', () => {
  it('asks for the fields of an agent, and takes a first response without revisions as the whole list', async () => {
    const script = new Script(entries([wire('a'), wire('b')]));
    assert.deepEqual((await sync(script)).ids, ['a', 'b']);
    assert.deepEqual(Object.keys(script.sent[0]?.output_mask ?? {}), [
      'spiffe_id',
      'selectors',
      'federates_with',
      'admin',
      'downstream',
      'revision_number',
      'store_svid',
      'hint',
      'created_at',
      'additional_attributes',
    ]);
    assert.equal(script.sent.length, 1);
  });

  it('takes an empty list as an empty list', async () => {
    assert.deepEqual((await sync(new Script(entries([])), wire('a'))).ids, []);
  });

  it('fetches what is new or changed, sorted, in chunks of the first page', async () => {
    const changed = wire('d', { revision_number: '1' });
    const again = wire('e', { created_at: '101' });
    const script = new Script(
      revisions([wire('f'), wire('a')], true),
      revisions([changed, again], true),
      revisions([wire('b')]),
      entries([wire('b')], true),
      entries([changed]),
      entries([again, wire('f')]),
    );
    const { ids } = await sync(script, wire('a'), wire('d'), wire('e'), wire('gone'));
    assert.deepEqual(ids, ['a', 'b', 'd', 'e', 'f']);
    assert.deepEqual(
      script.sent.slice(1).map(({ ids: asked }) => asked),
      [
        ['b', 'd'],
        ['e', 'f'],
      ],
    );
  });

  it('asks for nothing when nothing changed', async () => {
    const script = new Script(revisions([wire('a')]));
    assert.deepEqual((await sync(script, wire('a'))).ids, ['a']);
    assert.equal(script.sent.length, 1);
  });

  const malformed: readonly (readonly [string, Partial<Entry__Output>])[] = [
    ['an empty ID', { id: '' }],
    ['no selectors', { selectors: [] }],
    ['a colon in a selector type', { selectors: [{ type: 'unix:x', value: '1' }] }],
    ['an empty selector type', { selectors: [{ type: '', value: '1' }] }],
    ['an empty selector value', { selectors: [{ type: 'unix', value: '' }] }],
    ['no SPIFFE ID', { spiffe_id: null }],
    ['a SPIFFE ID without a path', { spiffe_id: { trust_domain: 'example.org', path: '' } }],
    ['a SPIFFE ID of another trust domain', { spiffe_id: { trust_domain: 'other.test', path: '/a' } }],
    ['a malformed path', { spiffe_id: { trust_domain: 'example.org', path: '/../a' } }],
    ['a malformed federated trust domain', { federates_with: ['Other.Test'] }],
  ];
  for (const [what, fields] of malformed) {
    it(`skips an entry with ${what}, with a warning`, async () => {
      const { ids, log } = await sync(new Script(entries([wire('bad', fields), wire('good')])));
      assert.deepEqual(ids, ['good']);
      assert.equal(log.count('malformed registration entry skipped'), 1);
    });
  }

  const breaches: readonly (readonly [string, Response[], RegExp])[] = [
    ['entries among revisions', [{ ...revisions([wire('a')]), entries: [wire('a')] }], /among revisions/],
    ['revisions among entries', [revisions([wire('a')]), { ...revisions([wire('a')]) }], /among entries/],
    ['an entry that was not asked for', [revisions([wire('a')]), entries([wire('b')])], /not asked for/],
    ['an early end', [], /ended early/],
    ['an early end among revisions', [revisions([wire('a')], true)], /ended early/],
    ['an early end among entries', [revisions([wire('a')]), entries([], true)], /ended early/],
  ];
  for (const [what, responses, message] of breaches) {
    it(`fails at ${what}`, async () => {
      await assert.rejects(sync(new Script(...responses)), { code: 'ERR_SERVER_RESPONSE', message });
    });
  }
});
