import assert from 'node:assert/strict';
import { subjectKeyId } from '@credence/sdk/keys';
import { TestCa } from '@credence/sdk/testing';
import { AuthorityJournal } from '../../dist/ca/journal.js';
import type { JournalSlot } from '../../dist/ca/journal-form.js';
import { MemoryJournalStore } from './support/memory-stores.js';
import { RecordingLogger } from './support/recording-logger.js';

const issuedAt = new Date('2030-01-01T00:00:00.123Z');
const names = ['aa', 'bb', 'gone', 'own'];
const certificates = new Map<string, Buffer>();
/** By name: what a record is known by, whatever key ID the certificate names. */
const keyIds = new Map<string, string>();
for (const name of names) {
  const { certificate } = await TestCa.create('example.org');
  certificates.set(name, certificate.raw);
  keyIds.set(name, subjectKeyId(certificate.publicKeyInfo).toString('hex'));
}
const keysOf = (...held: readonly string[]): ReadonlySet<string> => new Set(held.map((name) => keyIds.get(name)!));
const slot = (name: 'A' | 'B', status: JournalSlot['status'], id: string, expires = '2030-01-02'): JournalSlot => ({
  name,
  status,
  authority: { id, issuedAt, expiresAt: new Date(expires), published: certificates.get(id) ?? Buffer.from(id) },
});

describe('AuthorityJournal', () => {
  it('reads back what was recorded, kind by kind', async () => {
    const store = new MemoryJournalStore();
    const journal = await AuthorityJournal.open(store, new Set());
    const x509 = [slot('A', 'active', 'aa'), slot('B', 'prepared', 'bb')];
    const jwt = [slot('A', 'active', 'kid')];
    await Promise.all([journal.record('x509-CA', x509), journal.record('JWT-Signer', jwt)]);
    const again = await AuthorityJournal.open(store, keysOf('aa'));
    assert.deepEqual(again.slotsOf('x509-CA'), x509);
    assert.deepEqual(again.slotsOf('JWT-Signer'), jwt);
    assert.deepEqual(again.slotsOf('unknown'), []);
    assert.equal(store.records.size, 1);
  });

  it('is known by its active authority, or before there is one by the prepared one', async () => {
    const store = new MemoryJournalStore();
    const journal = await AuthorityJournal.open(store, new Set());
    for (const [slots, id] of [
      [[slot('A', 'prepared', 'aa')], 'aa'],
      [[slot('A', 'active', 'aa'), slot('B', 'prepared', 'bb')], 'aa'],
      [[slot('B', 'active', 'bb'), slot('A', 'old', 'aa')], 'bb'],
    ] as const) {
      await journal.record('x509-CA', slots);
      assert.equal(store.records.get(1)?.activeX509AuthorityId, keyIds.get(id));
    }
  });

  it("does not take another server's record for its own", async () => {
    const store = new MemoryJournalStore();
    const other = await AuthorityJournal.open(store, new Set());
    await other.record('x509-CA', [slot('A', 'active', 'aa')]);
    const own = await AuthorityJournal.open(store, keysOf('bb'));
    assert.deepEqual(own.slotsOf('x509-CA'), []);
    await own.record('x509-CA', [slot('A', 'active', 'bb')]);
    assert.equal(store.records.size, 2);
  });

  it('keeps what it held when a write fails', async () => {
    const store = new MemoryJournalStore();
    const journal = await AuthorityJournal.open(store, new Set());
    await journal.record('x509-CA', [slot('A', 'active', 'aa')]);
    store.beforeWrite = () => {
      throw new Error('disk full');
    };
    await assert.rejects(journal.record('x509-CA', []), /disk full/);
    assert.deepEqual(journal.slotsOf('x509-CA'), [slot('A', 'active', 'aa')]);
  });

  const damaged = [
    'not JSON',
    '[]',
    '{"version":2,"authorities":{}}',
    '{"version":1}',
    '{"version":1,"authorities":{},"more":1}',
    '{"version":1,"authorities":{"x509-CA":[{"name":"C"}]}}',
  ];
  for (const data of damaged) {
    it(`refuses its own record when that holds ${data}`, async () => {
      const store = new MemoryJournalStore();
      await store.save({ activeX509AuthorityId: keyIds.get('aa')!, data });
      await AuthorityJournal.open(store, keysOf('bb'));
      await assert.rejects(AuthorityJournal.open(store, keysOf('aa')), { code: 'ERR_DATASTORE_UNUSABLE' });
    });
  }

  it('prunes the records of others 14 days after everything in them expired, and nothing else', async () => {
    const store = new MemoryJournalStore();
    const gone = await AuthorityJournal.open(store, new Set());
    await gone.record('x509-CA', [slot('A', 'active', 'gone', '2030-01-02')]);
    await gone.record('JWT-Signer', [slot('A', 'active', 'kid', '2030-01-04')]);
    await store.save({ activeX509AuthorityId: 'strange', data: 'of a newer version' });
    const own = await AuthorityJournal.open(store, new Set());
    await own.record('x509-CA', [slot('A', 'active', 'own', '2030-01-02')]);
    const left = async (now: string): Promise<string[]> => {
      await own.prune(new Date(now), new RecordingLogger());
      return [...store.records.values()].map(({ activeX509AuthorityId }) => activeX509AuthorityId);
    };
    assert.deepEqual(await left('2030-01-17T23:59:59Z'), [keyIds.get('gone'), 'strange', keyIds.get('own')]);
    assert.deepEqual(await left('2030-01-18T00:00:00Z'), ['strange', keyIds.get('own')]);
  });
});
