// Vector table of SPIFFE-ID parsing: each case by its identifier, against the parser that every entry point uses.
import assert from 'node:assert/strict';
import { SpiffeId, TrustDomain, authorizeId, authorizeMemberOf, isSpiffeError, type Authorizer } from '@credence/sdk';

const td = 'spiffe://example.org';

const accepted: [vector: string, ids: string[]][] = [
  ['SID-01 the baseline', [`${td}/workload`]],
  ['SID-02 no path (SPIFFE-ID §2.2)', [td]],
  ['SID-29 dots that are not dot segments', ['/...', '/.a', '/a.', '/..a', '/a..b/_-.'].map((path) => td + path)],
  ['SID-37 punycode is plain ASCII (SPIFFE-ID §2.1)', ['spiffe://xn--exmple-cua.org/w']],
  ['SID-40 a dotted quad', ['spiffe://192.168.1.1/w']],
  [
    'SID-41 IP-like names stay as they are (SPIFFE-ID §2.1)',
    ['spiffe://256.1.1.1/w', 'spiffe://0x7f.1/w', 'spiffe://127.1/w'],
  ],
  ['SID-42 a trailing dot', ['spiffe://example.org./w']],
  [
    'SID-43 names that DNS would refuse',
    ['a..b', '.', '-', '_', '-x-', 'a_b', '1'].map((name) => `spiffe://${name}/w`),
  ],
  ['SID-44 a host of 255 bytes (SPIFFE-ID §2.3)', [`spiffe://${'a'.repeat(255)}/w`]],
  ['SID-45 2048 bytes in all (SPIFFE-ID §2.3)', [`${td}/${'a'.repeat(2048 - td.length - 1)}`]],
  ['SID-48 names of object members', ['spiffe://constructor/w', 'spiffe://__proto__/w']],
];

const refused: [vector: string, ids: string[]][] = [
  ['SID-03 the empty string', ['']],
  ['SID-04 one slash, no authority', ['spiffe:/example.org/w']],
  ['SID-05 an opaque URI', ['spiffe:example.org/w']],
  ['SID-06 an empty host', ['spiffe:///w']],
  ['SID-07 nothing after the scheme', ['spiffe://']],
  ['SID-08 an upper-case scheme', ['SPIFFE://example.org/w', 'Spiffe://example.org/w']],
  ['SID-09 an upper-case trust domain (SPIFFE-ID §2.1)', ['spiffe://Example.org/w']],
  ['SID-10 a port', ['spiffe://example.org:443/w']],
  ['SID-11 an empty port', ['spiffe://example.org:/w']],
  ['SID-12 user information', ['spiffe://user@example.org/w']],
  ['SID-13 empty user information', ['spiffe://@example.org/w']],
  ['SID-14 a password', ['spiffe://u:p@example.org/w', 'spiffe://:p@example.org/w']],
  ['SID-15 two hosts', ['spiffe://x.good.example:x@evil.example/admin']],
  ['SID-16 a backslash before the host', ['spiffe://good.example\\@evil.example/w']],
  ['SID-17 a query', [`${td}/w?x=1`]],
  ['SID-18 an empty query', [`${td}/w?`]],
  ['SID-19 a fragment', [`${td}/w#f`]],
  ['SID-20 an empty fragment', [`${td}/w#`]],
  ['SID-21 a percent-encoded letter', [`${td}/%61dmin`]],
  ['SID-22 percent-encoded separators', [`${td}/a%2Fb`, `${td}/%2e%2e/b`, `${td}/a%00`]],
  ['SID-23 percent-encoding in the host', ['spiffe://ex%61mple.org/w']],
  ['SID-24 empty segments', [`${td}//w`, `${td}/a//b`, `${td}//`]],
  ['SID-25 a trailing slash', [`${td}/w/`]],
  ['SID-26 only a slash', [`${td}/`]],
  ['SID-27 a dot segment', [`${td}/a/./b`, `${td}/.`]],
  ['SID-28 a dot-dot segment', [`${td}/a/../b`, `${td}/..`, `${td}/../b`]],
  ['SID-32 a backslash in the path', [`${td}/a\\b`]],
  ['SID-33 TAB, LF and CR', [`${td}\t/w`, `${td}/w\n`, `${td}/w\r`, `spiffe://exa\nmple.org/w`, `\n${td}/w`]],
  ['SID-34 outer spaces and a BOM', [` ${td}/w`, `${td}/w `, `\uFEFF${td}/w`]],
  ['SID-35 NUL', [`${td}/w\0admin`, `spiffe://example.org\0/w`]],
  [
    'SID-36 non-ASCII',
    [`${td}/wörk`, 'spiffe://ex\u0430mple.org/w', `${td}/a\u202Eb`, `${td}/a\uFF0Fb`, 'spiffe://a\u3002b/w'],
  ],
  ['SID-38 the replacement character', [`${td}/w\uFFFD`]],
  ['SID-39 IPv6', ['spiffe://[::1]/w', 'spiffe://[2001:db8::1]/w']],
  ['SID-44 a host of 256 bytes (SPIFFE-ID §2.3)', [`spiffe://${'a'.repeat(256)}/w`]],
  ['SID-46 2049 bytes in all: the parser refuses, so nothing is issued', [`${td}/${'a'.repeat(2049 - td.length - 1)}`]],
  ['SID-49 wildcards', ['spiffe://*/w', 'spiffe://*.example.org/w']],
  ['SID-50 the scheme elsewhere', [`https://x/?${td}/w`, `x${td}/w`, `urn:spiffe:example.org:w`]],
];

describe('SPIFFE ID vectors (SPIFFE-ID §2)', () => {
  for (const [vector, ids] of accepted) {
    it(`accepts ${vector}`, () => {
      for (const id of ids) {
        assert.equal(SpiffeId.parse(id).toString(), id);
        assert.equal(SpiffeId.parse(id).trustDomain.name, id.slice('spiffe://'.length).split('/')[0]);
      }
    });
  }

  for (const [vector, ids] of refused) {
    it(`refuses ${vector}`, () => {
      for (const id of ids) refuses(() => SpiffeId.parse(id));
    });
  }

  it('refuses SID-03 what is not a text', () => {
    for (const value of [null, undefined, 7, {}, [`${td}/w`]]) assert.throws(() => SpiffeId.parse(value as string));
  });

  it('SID-30 decides the path for each of 256 characters (SPIFFE-ID §2.2)', () => {
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code);
      const id = `${td}/a${character}b`;
      assert.equal(SpiffeId.isValid(id), /[A-Za-z0-9._/-]/.test(character), `character ${code}`);
    }
  });

  it('SID-31 decides the host for each of 256 characters (SPIFFE-ID §2.1)', () => {
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code);
      const ok = /[a-z0-9._-]/.test(character);
      assert.equal(isTrustDomain(`a${character}b`), ok, `character ${code}`);
      if (character !== '/') assert.equal(SpiffeId.isValid(`spiffe://a${character}b/w`), ok, `character ${code}`);
    }
  });

  it('SID-47 refuses a megabyte and 100,000 segments at once', () => {
    const started = process.hrtime.bigint();
    refuses(() => SpiffeId.parse(`${td}/${'a'.repeat(1 << 20)}`));
    refuses(() => SpiffeId.parse(td + '/a'.repeat(100_000)));
    assert.ok(process.hrtime.bigint() - started < 1_000_000_000n);
  });

  it('SID-42 does not take a trailing dot for the same trust domain', () => {
    assert.equal(TrustDomain.parse('example.org.').equals(TrustDomain.parse('example.org')), false);
  });

  it('SID-51, SID-53 authorizes by whole segments and by case', () => {
    const authorize = authorizeId(`${td}/ns/prod`);
    assert.ok(allows(authorize, `${td}/ns/prod`));
    for (const path of ['/ns/prod-evil', '/ns/production', '/ns/prod/x', '/ns', '/ns/Prod']) {
      assert.equal(allows(authorize, td + path), false, path);
    }
  });

  it('SID-52 authorizes members of exactly one trust domain', () => {
    const authorize = authorizeMemberOf('example.org');
    assert.ok(allows(authorize, `${td}/w`));
    for (const name of ['example.org.evil.com', 'notexample.org', 'sub.example.org']) {
      assert.equal(allows(authorize, `spiffe://${name}/w`), false, name);
    }
  });

  it('SID-54, SID-55 builds no ID that it would not parse', () => {
    const domain = TrustDomain.parse('example.org');
    assert.equal(SpiffeId.fromSegments(domain, 'ns', 'web').toString(), `${td}/ns/web`);
    for (const segment of ['a/b', '', '..', '.', '../admin', 'a/../../x', 'a%2fb']) {
      refuses(() => SpiffeId.fromSegments(domain, 'tag', segment));
    }
    for (const path of ['w', '/', '/a/', '//']) refuses(() => SpiffeId.fromPath(domain, path));
    for (const name of ['td:80', 'spiffe://', 'td/path', '']) refuses(() => TrustDomain.parse(name));
  });

  it('SID-56 takes the trust domain of a full ID', () => {
    assert.equal(TrustDomain.parse(`${td}/path`).name, 'example.org');
  });
});

function refuses(parse: () => unknown): void {
  assert.throws(parse, (error) => isSpiffeError(error, 'ERR_SPIFFE_ID'));
}

function isTrustDomain(name: string): boolean {
  try {
    return TrustDomain.parse(name).name === name;
  } catch {
    return false;
  }
}

/** Whether the authorizer lets an authenticated peer of this ID through. */
function allows(authorize: Authorizer, id: string): boolean {
  const spiffeId = SpiffeId.parse(id);
  try {
    return !(authorize(spiffeId, { id: spiffeId } as Parameters<Authorizer>[1]) instanceof Error);
  } catch {
    return false;
  }
}
