import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { Selector } from '@credence/sdk/wire/gen/spire/api/types/Selector.js';
import { entry, useEntryService } from '../support/entries.js';
import { refusal } from '../support/refusal.js';
import { call } from '../support/test-server.js';

const largest = 1000;
const tooLarge = 20_000;

const selectors = (count: number): Selector[] =>
  Array.from({ length: count }, (_, index) => ({ type: 'unix', value: `uid:${String(index)}` }));
const trustDomains = (count: number): string[] => Array.from({ length: count }, (_, index) => `td${String(index)}`);

describe('sets in requests of the Entry service', () => {
  const service = useEntryService();

  it(`are stored and found with ${String(largest)} selectors`, async () => {
    const wanted = selectors(largest);
    const [outcome] = await service.create(entry('/web', { selectors: wanted }));
    assert.equal(outcome?.code, status.OK);
    for (const match of ['MATCH_EXACT', 'MATCH_ANY', 'MATCH_SUBSET', 'MATCH_SUPERSET'] as const) {
      const filter = { by_selectors: { selectors: wanted, match } };
      assert.equal((await call(service.entries, 'CountEntries', { filter })).count, 1, match);
    }
  });

  for (const count of [largest + 1, tooLarge]) {
    it(`are refused with ${String(count)} selectors in an entry, old or new`, async () => {
      const says = `failed to convert entry: ${String(count)} selectors; at most 1000 are accepted`;
      const change = { selectors: selectors(count) };
      const [made, refused] = await service.create(entry('/ok'), entry('/web', change));
      assert.deepEqual([made?.code, refused?.code, refused?.message], [status.OK, status.INVALID_ARGUMENT, says]);
      const updates = [{ id: made!.id!, ...change }];
      const request = { entries: updates, input_mask: { selectors: true } };
      const { results } = await call(service.entries, 'BatchUpdateEntry', request);
      assert.deepEqual(results[0]?.status, { code: status.INVALID_ARGUMENT, message: says });
    });

    it(`are refused with ${String(count)} federated trust domains in an entry`, async () => {
      const [refused] = await service.create(entry('/web', { federates_with: trustDomains(count) }));
      assert.deepEqual(
        [refused?.code, refused?.message],
        [
          status.INVALID_ARGUMENT,
          `failed to convert entry: ${String(count)} federated trust domains; at most 1000 are accepted`,
        ],
      );
    });

    it(`are refused with ${String(count)} members in a filter`, async () => {
      const bySelectors = { by_selectors: { selectors: selectors(count), match: 'MATCH_ANY' } } as const;
      const byTrustDomains = { by_federates_with: { trust_domains: trustDomains(count), match: 'MATCH_ANY' } } as const;
      for (const [filter, says] of [
        [bySelectors, `malformed selectors filter: ${String(count)} selectors; at most 1000 are accepted`],
        [byTrustDomains, `malformed federates with filter: ${String(count)} trust domains; at most 1000 are accepted`],
      ] as const) {
        const counted = refusal(call(service.entries, 'CountEntries', { filter }));
        assert.equal(await counted, `INVALID_ARGUMENT: ${says}`);
      }
    });
  }
});
