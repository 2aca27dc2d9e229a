// The vectors of bundle documents and bundle maps, through the parser. What concerns fetching them is the federation
// suite's, what concerns the fields of the Workload API that suite's. Sections are of SPIFFE Trust Domain and Bundle.
import assert from 'node:assert/strict';
import { JwtBundle, SpiffeBundle, SpiffeBundleSet, verifyX509Svid, X509BundleSet } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import { ignored } from './bundle/entry-vectors.js';
import { aTest, count, createScene, document, makePair, parse, publicMembers, x509Entry } from './bundle/vector.js';
import type { Scene } from './bundle/vector.js';

const both = '1 X.509, 1 JWT';
const refused = { code: 'ERR_SPIFFE_BUNDLE' };

describe('bundle vectors', () => {
  let scene: Scene;
  let good: string;
  before(async () => {
    scene = await createScene();
    good = document([scene.x, scene.j]);
  });
  const accepts = (json: string): void => {
    assert.equal(count(parse(json)), both);
  };

  it('BV-01, TDB-4.1-b accepts a document of "keys" alone', () => {
    const bundle = parse(good);
    assert.equal(count(bundle), both);
    assert.equal(bundle.sequenceNumber, undefined);
    assert.equal(bundle.refreshHintMs, undefined);
  });

  for (const keys of [undefined, null, {}, 'keys', 7]) {
    it(`BV-02 refuses "keys" ${JSON.stringify(keys)} (§4.1.3)`, () => {
      accepts(good);
      assert.throws(() => parse(JSON.stringify({ keys })), refused);
    });
  }

  for (const text of ['[]', 'null', '7', '"text"', '']) {
    it(`BV-02 refuses the document ${text}`, () => {
      accepts(good);
      assert.throws(() => parse(text), refused);
    });
  }

  it('BV-03, TDB-4.1.3-c accepts no keys at all, and then nobody of the trust domain verifies (§4.1.3)', async () => {
    const { leaf } = await scene.ca.x509Svid('/w');
    assert.ok(verifyX509Svid([leaf.raw], X509BundleSet.of(parse(good).x509)));
    const empty = parse('{"keys":[]}');
    assert.equal(count(empty), '0 X.509, 0 JWT');
    assert.throws(() => verifyX509Svid([leaf.raw], X509BundleSet.of(empty.x509)), { code: 'ERR_SPIFFE_VERIFY' });
  });

  it('BV-04, TDB-4.1.3-d accepts a document whose every entry is unusable, and trusts nothing', () => {
    assert.equal(count(parse(document([{}, { use: 'foo' }, 7]))), '0 X.509, 0 JWT');
  });

  for (const { id, title, entries } of ignored) {
    it(`${id} ignores an entry ${title}, and keeps the others`, async () => {
      const { x, j } = scene;
      for (const [index, entry] of (await entries(scene)).entries()) {
        for (const keys of [
          [entry, x, j],
          [x, entry, j],
          [x, j, entry],
        ]) {
          const problems: string[] = [];
          const bundle = SpiffeBundle.parse(aTest, document(keys), ({ message }) => problems.push(message));
          assert.equal(count(bundle), both, `entry ${index}: ${JSON.stringify(entry)}`);
          assert.equal(problems.length, 1, 'reported');
          assert.match(problems[0] ?? '', new RegExp(`^bundle of a.test: key ${keys.indexOf(entry)} is not used: `));
        }
      }
    });
  }

  it('BV-11 uses the first of several certificates (X509-SVID §6.2)', async () => {
    const other = await TestCa.create('a.test');
    const x5c = [scene.ca, other].map(({ certificate }) => certificate.raw.toString('base64'));
    const bundles = X509BundleSet.of(parse(document([{ ...scene.x, x5c }])).x509);
    const [ours, theirs] = [await scene.ca.x509Svid('/w'), await other.x509Svid('/w')];
    assert.equal(verifyX509Svid([ours.leaf.raw], bundles).id.path, '/w');
    assert.throws(() => verifyX509Svid([theirs.leaf.raw], bundles), { code: 'ERR_SPIFFE_VERIFY' });
  });

  it('X509-6.2-c gives no X.509 authority to a trust domain without such entries (X509-SVID §6.2)', async () => {
    const { leaf } = await scene.ca.x509Svid('/w');
    const bundles = X509BundleSet.of(parse(document([scene.j])).x509);
    assert.throws(() => verifyX509Svid([leaf.raw], bundles), { code: 'ERR_SPIFFE_VERIFY' });
  });

  it('BV-15 accepts an authority that is expired, not self-signed, or names another trust domain', async () => {
    const expired = await TestCa.create('a.test', { notAfter: new Date(Date.now() - 1000) });
    const child = await scene.ca.childCa();
    const foreign = await TestCa.create('b.test');
    for (const { certificate } of [expired, child, foreign]) {
      assert.ok(parse(document([x509Entry(certificate)])).x509.has(certificate));
    }
  });

  it('BV-16 accepts an X.509 authority with a key ID, which only a publisher must leave out', () => {
    accepts(document([{ ...scene.x, kid: 'x1' }, scene.j]));
  });

  it('BV-18 holds every key of a repeated key ID (RFC 7517 §4.5), and each key once', () => {
    const rsa = { ...publicMembers(scene.rsaKey), use: 'jwt-svid', kid: 'k1' };
    assert.equal(count(parse(document([scene.j, rsa]))), '0 X.509, 2 JWT');
    assert.equal(count(parse(document([scene.j, scene.j, scene.x, scene.x]))), both);
  });

  it('BV-19 takes nothing from a WIT key of the same key ID', () => {
    const wit = { ...publicMembers(scene.rsaKey), use: 'wit-svid', kid: 'k1' };
    for (const keys of [
      [wit, scene.j],
      [scene.j, wit],
    ]) {
      const { jwt } = parse(document(keys));
      assert.deepEqual(publicMembers(jwt.find('k1')!), publicMembers(scene.jwtKey));
    }
  });

  for (const [sequence, expected] of [
    ['0', 0n],
    ['5', 5n],
    ['9007199254740992', 2n ** 53n],
    ['9007199254740993', 2n ** 53n + 1n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['18446744073709551615', 2n ** 64n - 1n],
  ] as const) {
    it(`BV-23 reads the sequence ${sequence} exactly (§4.1.1)`, () => {
      assert.equal(parse(`{"keys":[],"spiffe_sequence":${sequence}}`).sequenceNumber, expected);
    });
  }

  for (const sequence of ['"5"', '5.5', '-1', '1e30', '18446744073709551616', 'null', '[1]', 'true']) {
    it(`BV-23 refuses the sequence ${sequence}`, () => {
      assert.equal(parse('{"keys":[],"spiffe_sequence":5}').sequenceNumber, 5n);
      assert.throws(() => parse(`{"keys":[],"spiffe_sequence":${sequence}}`), refused);
    });
  }

  for (const [hint, expected] of [
    ['0', 0],
    ['60', 60_000],
    ['1000000000000', 1e15],
    ['"60"', undefined],
    ['1.5', undefined],
    ['-1', undefined],
    ['1e300', undefined],
    ['99999999999999999999', undefined],
    ['null', undefined],
  ] as const) {
    it(`BV-27 makes ${String(expected)} of the refresh hint ${hint}, and keeps the keys (§4.1.2)`, () => {
      const bundle = parse(document([scene.x, scene.j]).replace(/}$/, `,"spiffe_refresh_hint":${hint}}`));
      assert.equal(bundle.refreshHintMs, expected);
      assert.equal(count(bundle), both);
    });
  }

  it('BV-28 ignores members that it does not know, of the document and of an entry (§4.1)', () => {
    accepts(document([scene.x, { ...scene.j, foo: { bar: 1 } }], { foo: [1], '': null, ['__proto__']: 1 }));
  });

  it('BV-29, TDB-6.3-a refuses a member that is there twice (RFC 8259 §4)', () => {
    accepts(good);
    assert.throws(() => parse(`{"keys":[],${good.slice(1)}`), refused);
    assert.throws(() => parse(`{"k\\u0065ys":[],${good.slice(1)}`), refused);
    assert.throws(() => parse(good.replace('"kid":"k1"', '"kid":"k1","kid":"k2"')), refused);
  });

  it('BV-30 refuses what is not one JSON text in UTF-8 of bounded depth', () => {
    const bytes = Buffer.from(good);
    assert.equal(count(parse(bytes)), both);
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    for (const odd of [
      Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf), bytes]),
      Buffer.from(good, 'utf16le'),
      Buffer.from(good.replace('"k1"', '"k\xff"'), 'latin1'),
      bytes.subarray(0, -1),
      Buffer.from(`${good}{}`),
      Buffer.from(`{"x":${deep},${good.slice(1)}`),
    ]) {
      assert.throws(() => parse(odd), refused);
    }
  });

  it('BV-31 refuses 100 megabytes and 100,000 keys in bounded time', () => {
    accepts(good);
    const start = performance.now();
    assert.throws(() => parse(`{"keys":[],"x":"${'x'.repeat(100_000_000)}"}`), refused);
    assert.throws(() => parse(document(Array.from({ length: 100_000 }, () => 0))), refused);
    assert.ok(performance.now() - start < 2000);
  });

  it('BV-33, TDB-3-a is a bundle of the trust domain that the caller names, whatever the document says', () => {
    const bundle = parse(document([scene.x, scene.j], { trust_domain: 'evil.test' }));
    assert.equal(bundle.trustDomain, aTest);
    assert.deepEqual([bundle.x509.trustDomain, bundle.jwt.trustDomain], [aTest, aTest]);
  });
});

describe('bundle map vectors', () => {
  let good: string;
  before(async () => {
    const { x, j } = await createScene();
    good = document([x, j], { spiffe_sequence: 7 });
  });
  const map = (members: string): string => `{"trust_domains":{${members}}}`;

  it('BV-34 refuses a map without "trust_domains" (§5.1.1)', () => {
    assert.equal(SpiffeBundleSet.parse(map(`"a.test":${good}`)).bundles.length, 1);
    for (const text of ['{}', '{"trust_domains":[]}', '{"trust_domains":null}', '[]', good]) {
      assert.throws(() => SpiffeBundleSet.parse(text), refused);
    }
  });

  it('BV-35, TDB-5.1.1-b accepts an empty map (§5.1.1)', () => {
    assert.deepEqual(SpiffeBundleSet.parse(map('')).bundles, []);
  });

  it('BV-36, TDB-5.1.1-d refuses a name that is there twice, also by an escape (§5.1.1)', () => {
    assert.equal(SpiffeBundleSet.parse(map(`"a.test":${good},"b.test":${good}`)).bundles.length, 2);
    for (const again of ['a.test', '\\u0061.test']) {
      assert.throws(() => SpiffeBundleSet.parse(map(`"a.test":${good},"${again}":${good}`)), refused);
    }
  });

  for (const name of ['Example.com', 'spiffe://a.test', 'a.test/', '', 'a.test:443', 'ä.test']) {
    it(`BV-37 refuses the name ${JSON.stringify(name)}`, () => {
      assert.ok(SpiffeBundleSet.parse(map(`"a.test":${good}`)));
      assert.throws(() => SpiffeBundleSet.parse(map(`${JSON.stringify(name)}:${good}`)), refused);
    });
  }

  it('BV-38 keeps "__proto__" and "constructor" apart from everything else', () => {
    const set = SpiffeBundleSet.parse(map(`"__proto__":${good},"constructor":{"keys":[]}`));
    assert.deepEqual(
      set.bundles.map((bundle) => `${bundle.trustDomain.name}: ${count(bundle)}`),
      [`__proto__: ${both}`, 'constructor: 0 X.509, 0 JWT'],
    );
    assert.equal(set.has(aTest), false);
  });

  it('BV-39, TDB-5.1.1-f leaves out the refresh hints of the bundles in it (§5.1.1)', () => {
    const set = SpiffeBundleSet.parse(map(`"a.test":{"keys":[],"spiffe_sequence":7,"spiffe_refresh_hint":1}`));
    assert.equal(set.get(aTest)?.refreshHintMs, undefined);
    assert.equal(set.get(aTest)?.sequenceNumber, 7n);
  });

  it('TDB-B-a refuses the whole map for one bad bundle', () => {
    assert.ok(SpiffeBundleSet.parse(map(`"a.test":${good},"b.test":${good}`)));
    for (const bad of ['{}', 'null', '{"keys":[],"spiffe_sequence":"7"}']) {
      assert.throws(() => SpiffeBundleSet.parse(map(`"a.test":${good},"b.test":${bad}`)), refused);
    }
  });
});

describe('JWK Sets of the Workload API', () => {
  it('BV-41, BV-43 takes keys without "use" and with "jwt-svid" (SPIFFE Workload API §6.2.2), and writes none', async () => {
    const { j } = await createScene();
    const { use: _, ...bare } = j;
    for (const entry of [j, bare]) {
      const bundle = JwtBundle.parse(aTest, document([entry]));
      assert.equal(bundle.authorities.length, 1);
      assert.deepEqual(Object.keys(firstKey(bundle.toJwks())).toSorted(), ['crv', 'kid', 'kty', 'x', 'y']);
    }
  });

  it('BV-42 ignores keys of every other "use"', async () => {
    const { j } = await createScene();
    const rsa = publicMembers((await makePair('rsa', { modulusLength: 2048 })).publicKey);
    for (const use of ['x509-svid', 'wit-svid', 'sig', 'JWT-SVID', null, 7]) {
      const bundle = JwtBundle.parse(aTest, document([{ ...rsa, kid: 'k2', use }, j]));
      assert.deepEqual(
        bundle.authorities.map(({ keyId }) => keyId),
        ['k1'],
      );
    }
  });
});

describe('documents that are published', () => {
  it('TDB-4-a, TDB-4.1.2-b, TDB-4.1.3-a, TDB-4.2.1-a, TDB-4.2.2-a are JWK Sets with the members of §4 alone', async () => {
    const ca = await TestCa.create('a.test');
    await ca.rotate({ keyType: 'rsa-2048' });
    const published = JSON.parse(ca.spiffeBundle({ sequenceNumber: 3n, refreshHintMs: 60_000 }).toJson()) as {
      keys: Record<string, unknown>[];
    };
    assert.deepEqual({ ...published, keys: [] }, { keys: [], spiffe_sequence: 3, spiffe_refresh_hint: 60 });
    assert.equal(published.keys.length, 4);
    for (const { kty, use } of published.keys) {
      assert.ok(kty === 'EC' || kty === 'RSA');
      assert.ok(use === 'x509-svid' || use === 'jwt-svid');
    }
  });

  it('X509-6.1-a, X509-6.1-b, X509-6.1-c, X509-6.1-d, X509-6.1-f carry each CA as one entry of one certificate', async () => {
    const ca = await TestCa.create('a.test');
    await ca.rotate();
    const { keys } = JSON.parse(ca.spiffeBundle().toJson()) as { keys: Record<string, unknown>[] };
    const entries = keys.filter(({ use }) => use === 'x509-svid');
    assert.deepEqual(
      entries.map(({ x5c }) => x5c),
      ca.bundle().authorities.map(({ raw }) => [raw.toString('base64')]),
    );
    for (const entry of entries) assert.ok(!('kid' in entry));
  });

  it('JWT-6.1-a, JWT-6.1-b, JWT-6.1-c carry each JWT key as one entry with a key ID and nothing private', async () => {
    const ca = await TestCa.create('a.test');
    await ca.rotate({ keyType: 'rsa-2048' });
    const { keys } = JSON.parse(ca.spiffeBundle().toJson()) as { keys: Record<string, unknown>[] };
    const members = keys.filter(({ use }) => use === 'jwt-svid').map((entry) => Object.keys(entry).toSorted().join());
    assert.deepEqual(members.toSorted(), ['crv,kid,kty,use,x,y', 'e,kid,kty,n,use']);
  });

  it('TDB-5.1.1-a, TDB-5.1.1-c, TDB-5.1.1-e carry a map of unique names without refresh hints', async () => {
    const [a, b] = [await TestCa.create('a.test'), await TestCa.create('b.test')];
    const bundles = [a, b].map((ca) => ca.spiffeBundle({ sequenceNumber: 2n ** 63n, refreshHintMs: 60_000 }));
    const text = SpiffeBundleSet.of(...bundles).toJson();
    const set = SpiffeBundleSet.parse(text);
    assert.deepEqual(Object.keys((JSON.parse(text) as { trust_domains: object }).trust_domains), ['a.test', 'b.test']);
    assert.ok(!text.includes('spiffe_refresh_hint'));
    assert.equal(set.get(aTest)?.sequenceNumber, 2n ** 63n);
    assert.ok(set.get(aTest)?.x509.equals(a.bundle()));
  });

  it('refuses to mix trust domains in one bundle', async () => {
    const [a, b] = [await TestCa.create('a.test'), await TestCa.create('b.test')];
    assert.ok(SpiffeBundle.of({ trustDomain: a.trustDomain, x509: a.bundle() }));
    assert.throws(() => SpiffeBundle.of({ trustDomain: a.trustDomain, x509: b.bundle() }), TypeError);
    assert.throws(() => a.spiffeBundle().with({ jwt: b.jwtBundle() }), TypeError);
  });
});

function firstKey(jwks: string): object {
  const [key] = (JSON.parse(jwks) as { keys: object[] }).keys;
  assert.ok(key);
  return key;
}
