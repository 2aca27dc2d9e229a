import assert from 'node:assert/strict';
import type { _spire_api_server_entry_v1_ListEntriesRequest_Filter as Filter } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/ListEntriesRequest.js';
import { entry, useEntryService, wireId } from '../support/entries.js';
import { refusal } from '../support/refusal.js';
import { call } from '../support/test-server.js';

describe('the Entry service', () => {
  const service = useEntryService();
  const { create } = service;
  const list = async (filter: Filter): Promise<string[]> => {
    const response = await call(service.entries, 'ListEntries', { filter });
    return response.entries.map((one) => one.spiffe_id!.path);
  };

  describe('GetEntry', () => {
    it('refuses an empty ID and one that is not there', async () => {
      assert.equal(await refusal(call(service.entries, 'GetEntry', {})), 'INVALID_ARGUMENT: missing ID');
      assert.equal(await refusal(call(service.entries, 'GetEntry', { id: 'x' })), 'NOT_FOUND: entry not found');
    });
  });

  describe('filters', () => {
    beforeEach(async () => {
      await create(
        entry('/plain'),
        entry('/hinted', { hint: 'h' }),
        entry('/down', { downstream: true, selectors: [{ type: 'a', value: '1' }] }),
        entry('/other-parent', { parent_id: wireId('/node2'), selectors: [{ type: 'a', value: '1' }, { type: 'b', value: '2' }] }), // prettier-ignore
        entry('/federated', { federates_with: ['example.org'] }),
      );
    });
    const all = ['/plain', '/hinted', '/down', '/other-parent', '/federated'];
    const a1 = { type: 'a', value: '1' };
    const cases: readonly [string, Filter, readonly string[]][] = [
      ['none', {}, all],
      ['by_downstream true', { by_downstream: { value: true } }, ['/down']],
      ['by_downstream false, which is no filter', { by_downstream: { value: false } }, all],
      ['by_hint', { by_hint: { value: 'h' } }, ['/hinted']],
      ['by_hint empty, which is no filter', { by_hint: { value: '' } }, all],
      ['by_spiffe_id', { by_spiffe_id: wireId('/plain') }, ['/plain']],
      ['by_parent_id', { by_parent_id: wireId('/node2') }, ['/other-parent']],
      ['selectors exactly', { by_selectors: { selectors: [a1], match: 'MATCH_EXACT' } }, ['/down']],
      [
        'selectors as a superset',
        { by_selectors: { selectors: [a1], match: 'MATCH_SUPERSET' } },
        ['/down', '/other-parent'],
      ],
      [
        'by_federates_with',
        { by_federates_with: { trust_domains: ['example.org'], match: 'MATCH_ANY' } },
        ['/federated'],
      ],
      ['two at once', { by_hint: { value: 'h' }, by_downstream: { value: true } }, []],
    ];
    for (const [name, filter, expected] of cases) {
      it(`lists and counts with the filter ${name}`, async () => {
        assert.deepEqual((await list(filter)).sort(), [...expected].sort());
        assert.equal((await call(service.entries, 'CountEntries', { filter })).count, expected.length);
      });
    }

    const malformed: readonly [string, Filter, string][] = [
      ['a foreign parent', { by_parent_id: { trust_domain: 'other.org', path: '/a' } }, 'malformed parent ID filter: '],
      ['a reserved SPIFFE ID', { by_spiffe_id: wireId('/spire/server') }, 'malformed SPIFFE ID filter: '],
      [
        'an empty set of selectors',
        { by_selectors: { selectors: [] } },
        'malformed selectors filter: empty selector set',
      ],
      [
        'a malformed selector',
        { by_selectors: { selectors: [{ type: 'a:b', value: '' }] } },
        'malformed selectors filter: ',
      ],
      [
        'an empty set of trust domains',
        { by_federates_with: { trust_domains: [] } },
        'malformed federates with filter: ',
      ],
      [
        'an unknown match',
        { by_selectors: { selectors: [a1], match: 9 as never } },
        'malformed selectors filter: unknown match',
      ],
    ];
    for (const [name, filter, message] of malformed) {
      it(`refuses ${name}`, async () => {
        const refused = await refusal(call(service.entries, 'ListEntries', { filter }));
        assert.ok(refused.startsWith(`INVALID_ARGUMENT: ${message}`), refused);
        assert.equal(await refusal(call(service.entries, 'CountEntries', { filter })), refused);
      });
    }
  });

  describe('paging', () => {
    beforeEach(() => create(...[1, 2, 3, 4].map((n) => entry(`/w${n}`))));

    it('goes on in creation order until a page is empty, the last full page still with a token', async () => {
      const pages: string[][] = [];
      let token = '';
      do {
        const page = await call(service.entries, 'ListEntries', { page_size: 2, page_token: token });
        pages.push(page.entries.map((one) => one.spiffe_id!.path));
        token = page.next_page_token;
      } while (token !== '');
      assert.deepEqual(pages, [['/w1', '/w2'], ['/w3', '/w4'], []]);
    });

    for (const size of [0, -1]) {
      it(`answers everything for a page size of ${size}, whatever the token`, async () => {
        const page = await call(service.entries, 'ListEntries', { page_size: size, page_token: 'nonsense' });
        assert.equal(page.entries.length, 4);
        assert.equal(page.next_page_token, '');
      });
    }

    it('allocates nothing by the size that is asked for', async () => {
      const page = await call(service.entries, 'ListEntries', { page_size: 2 ** 31 - 1 });
      assert.equal(page.entries.length, 4);
    });

    it('answers a token beyond every row with an empty page', async () => {
      const page = await call(service.entries, 'ListEntries', { page_size: 1, page_token: '9'.repeat(30) });
      assert.deepEqual([page.entries, page.next_page_token], [[], '']);
    });

    it('refuses a token that is no row id', async () => {
      const refused = await refusal(call(service.entries, 'ListEntries', { page_size: 1, page_token: "1' or 1=1" }));
      assert.match(refused, /could not parse token/);
    });
  });
});
