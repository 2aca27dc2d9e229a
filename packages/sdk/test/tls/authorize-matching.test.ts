import assert from 'node:assert/strict';
import fc from 'fast-check';
import { authorizeMatching, SpiffeId } from '@credence/sdk';

const allows = (pattern: string, id: string): boolean => authorizeMatching(pattern)(SpiffeId.parse(id)) === undefined;

describe('authorizeMatching', () => {
  const cases: { pattern: string; allowed: string[]; denied: string[] }[] = [
    {
      pattern: 'spiffe://example.org/ns/*/sa/web',
      allowed: ['/ns/orders/sa/web', '/ns/a.b_c-D/sa/web'],
      denied: ['/ns/sa/web', '/ns/a/b/sa/web', '/ns/orders/sa/web/x', '/ns/orders/sa/web2', '/ns/orders/SA/web', ''],
    },
    {
      pattern: 'spiffe://example.org/ns/orders/**',
      allowed: ['/ns/orders/sa', '/ns/orders/sa/web/x'],
      denied: ['/ns/orders', '/ns/orders2/sa', '/ns', '/x/ns/orders/sa'],
    },
    { pattern: 'spiffe://example.org/*', allowed: ['/web'], denied: ['/web/x', ''] },
    { pattern: 'spiffe://example.org/**', allowed: ['/web', '/web/x'], denied: [''] },
    { pattern: 'spiffe://example.org/web', allowed: ['/web'], denied: ['/we', '/webb', '/web/x'] },
  ];
  for (const { pattern, allowed, denied } of cases) {
    it(`${pattern} fits whole segments of its own trust domain`, () => {
      for (const path of allowed) {
        assert.ok(allows(pattern, `spiffe://example.org${path}`), path);
        for (const domain of ['x.example.org', 'example.org.evil', 'other.test']) {
          assert.ok(!allows(pattern, `spiffe://${domain}${path}`), `${domain}${path}`);
        }
      }
      for (const path of denied) assert.ok(!allows(pattern, `spiffe://example.org${path}`), path);
    });
  }

  const wrong: [pattern: string, error: object | typeof TypeError][] = [
    ['spiffe://example.org', TypeError],
    ['spiffe://example.org/**/web', TypeError],
    ['spiffe://example.org/web*', TypeError],
    ['spiffe://example.org/***', TypeError],
    ['spiffe://*/web', { code: 'ERR_SPIFFE_ID' }],
    ['spiffe://Example.org/web', { code: 'ERR_SPIFFE_ID' }],
    ['spiffe://example.org/', { code: 'ERR_SPIFFE_ID' }],
    ['spiffe://example.org//web', { code: 'ERR_SPIFFE_ID' }],
    ['spiffe://example.org/a/../*', { code: 'ERR_SPIFFE_ID' }],
    ['spiffe://example.org/?', { code: 'ERR_SPIFFE_ID' }],
    ['https://example.org/*', { code: 'ERR_SPIFFE_ID' }],
    ['', { code: 'ERR_SPIFFE_ID' }],
  ];
  for (const [pattern, error] of wrong) {
    it(`refuses the pattern "${pattern}"`, () => {
      assert.throws(() => authorizeMatching(pattern), error);
    });
  }

  it('tells the only trust domain that it can allow', () => {
    const { trustDomains } = authorizeMatching('spiffe://example.org/ns/*');
    assert.deepEqual(trustDomains?.map(({ name }) => name), ['example.org']); // prettier-ignore
  });

  it('fits every ID by its own text, and by a wildcard in place of any segment', () => {
    const segment = fc.stringMatching(/^[a-zA-Z0-9_-]{1,8}$/);
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 6 }), fc.nat(5), (segments, at) => {
        const id = `spiffe://example.org/${segments.join('/')}`;
        const i = at % segments.length;
        assert.ok(allows(id, id));
        assert.ok(allows(`spiffe://example.org/${segments.with(i, '*').join('/')}`, id));
        assert.ok(allows(`spiffe://example.org/${[...segments.slice(0, i), '**'].join('/')}`, id));
        assert.ok(!allows(`spiffe://example.org/${segments.with(i, `${segments[i]!}x`).join('/')}`, id));
      }),
    );
  });
});
