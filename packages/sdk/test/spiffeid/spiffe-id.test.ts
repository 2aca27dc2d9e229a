import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SpiffeId, TrustDomain } from '@credence/sdk';

const domain = TrustDomain.parse('example.org');
const web = SpiffeId.parse('spiffe://example.org/ns/web');
const refused = { code: 'ERR_SPIFFE_ID' };

const segment = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/).filter((text) => text !== '.' && text !== '..');
const name = fc.stringMatching(/^[a-z0-9._-]{1,30}$/);

describe('SpiffeId', () => {
  it('is the same by text, path and segments', () => {
    fc.assert(
      fc.property(name, fc.array(segment, { maxLength: 6 }), (trustDomain, segments) => {
        const path = segments.map((one) => `/${one}`).join('');
        const id = SpiffeId.parse(`spiffe://${trustDomain}${path}`);
        const td = TrustDomain.parse(trustDomain);
        assert.ok(id.equals(SpiffeId.fromPath(td, path)) && id.equals(SpiffeId.fromSegments(td, ...segments)));
        assert.ok(id.equals(td.id.appendPath(path)) && id.equals(td.id.appendSegments(...segments)));
        assert.ok(id.equals(td.id.replaceSegments(...segments)) && id.equals(td.id.replacePath(path)));
        assert.deepEqual(id.segments, segments);
        assert.equal(JSON.parse(JSON.stringify(id)), id.toString());
      }),
    );
  });

  it('appends and replaces paths and segments, and leaves itself as it is', () => {
    assert.equal(web.appendPath('/a/b').toString(), 'spiffe://example.org/ns/web/a/b');
    assert.equal(web.appendPath('').toString(), web.toString());
    assert.equal(web.appendSegments('a', 'b').toString(), 'spiffe://example.org/ns/web/a/b');
    assert.equal(web.replacePath('').toString(), 'spiffe://example.org');
    assert.equal(web.replaceSegments('a').toString(), 'spiffe://example.org/a');
    assert.equal(web.toString(), 'spiffe://example.org/ns/web');
  });

  for (const path of ['x', 'x/y', '/', '/a/', '//a', '/..', '/.', '/a b', '/é']) {
    it(`refuses the path ${JSON.stringify(path)}, alone and behind another`, () => {
      assert.equal(SpiffeId.isValidPath(path), false);
      assert.throws(() => SpiffeId.fromPath(domain, path), refused);
      assert.throws(() => web.appendPath(path), refused);
      assert.throws(() => web.replacePath(path), refused);
    });
  }

  it('tells valid paths and segments', () => {
    for (const path of ['', '/a', '/a/B/0', '/...']) assert.ok(SpiffeId.isValidPath(path), path);
    for (const one of ['a', '...', '-']) assert.ok(SpiffeId.isValidSegment(one), one);
    for (const one of ['', '.', '..', 'a/b', 'a b']) assert.ok(!SpiffeId.isValidSegment(one), one);
  });

  it('refuses to append beyond 2048 bytes (SPIFFE-ID §2.3)', () => {
    const longest = domain.id.appendSegments('a'.repeat(2048 - domain.id.toString().length - 1));
    assert.equal(longest.toString().length, 2048);
    assert.throws(() => longest.appendSegments('a'), { ...refused, details: { reason: 'too-long' } });
  });
});

describe('TrustDomain', () => {
  it('tells valid names, of which SPIFFE IDs are none', () => {
    for (const one of ['example.org', 'a', '__proto__']) assert.ok(TrustDomain.isValid(one), one);
    for (const one of ['', 'A', 'a b', 'a:1', 'spiffe://example.org']) assert.ok(!TrustDomain.isValid(one), one);
  });

  it('sorts by name', () => {
    const sorted = ['b', 'a.b', 'a', 'a']
      .map((one) => TrustDomain.parse(one))
      .sort((one, other) => one.compareTo(other));
    assert.deepEqual(sorted.map(String), ['a', 'a', 'a.b', 'b']);
  });
});
