import assert from 'node:assert/strict';
import {
  anyOf,
  authorizeAny,
  authorizeId,
  authorizeIf,
  authorizeMemberOf,
  authorizeOneOf,
  SpiffeId,
  type Authorizer,
  type JwtSvid,
  type VerifiedPeer,
} from '@credence/sdk';
import { checkAuthorized, type JwtAuthorizer } from '../../dist/tls/authorizer.js';

const web = 'spiffe://example.org/web';
const peerOf = (id: string): VerifiedPeer => ({ id: SpiffeId.parse(id) }) as VerifiedPeer;

describe('authorizers', () => {
  const cases: { name: string; authorizer: Authorizer; allowed: string[]; denied: string[] }[] = [
    { name: 'authorizeAny', authorizer: authorizeAny(), allowed: [web, 'spiffe://other.test/x'], denied: [] },
    {
      name: 'authorizeId compares whole IDs, never prefixes',
      authorizer: authorizeId(web),
      allowed: [web],
      denied: [`${web}2`, `${web}/x`, 'spiffe://example.org/we', 'spiffe://example.org/Web', 'spiffe://other.test/web'],
    },
    {
      name: 'authorizeOneOf',
      authorizer: authorizeOneOf(web, SpiffeId.parse('spiffe://other.test/db')),
      allowed: [web, 'spiffe://other.test/db'],
      denied: ['spiffe://example.org/db', 'spiffe://other.test/web'],
    },
    {
      name: 'authorizeMemberOf compares whole names, never parts',
      authorizer: authorizeMemberOf('example.org'),
      allowed: [web],
      denied: ['spiffe://example.org.evil/web', 'spiffe://x.example.org/web', 'spiffe://example.or/web'],
    },
    {
      name: 'authorizeIf',
      authorizer: authorizeIf((id) => id.path === '/web'),
      allowed: [web, 'spiffe://other.test/web'],
      denied: ['spiffe://example.org/db'],
    },
    {
      name: 'anyOf',
      authorizer: anyOf(authorizeId(web), authorizeMemberOf('other.test')),
      allowed: [web, 'spiffe://other.test/x'],
      denied: ['spiffe://example.org/db'],
    },
  ];
  for (const { name, authorizer, allowed, denied } of cases) {
    it(name, () => {
      for (const id of allowed) checkAuthorized(authorizer, peerOf(id));
      for (const id of denied) {
        assert.throws(() => { checkAuthorized(authorizer, peerOf(id)); }, { code: 'ERR_SPIFFE_UNAUTHORIZED', details: { id } }); // prettier-ignore
      }
    });
  }

  const wrong: { name: string; result: () => unknown }[] = [
    { name: 'a promise', result: () => Promise.resolve() },
    { name: 'true', result: () => true },
    { name: 'null', result: () => null },
    { name: 'a throw', result: () => { throw new Error('no'); } }, // prettier-ignore
  ];
  for (const { name, result } of wrong) {
    it(`denies when an authorizer answers with ${name}`, () => {
      const authorizer = result as Authorizer;
      assert.throws(() => { checkAuthorized(authorizer, peerOf(web)); }, { code: 'ERR_SPIFFE_UNAUTHORIZED' }); // prettier-ignore
      assert.throws(() => { checkAuthorized(anyOf(authorizer), peerOf(web)); }, { code: 'ERR_SPIFFE_UNAUTHORIZED' }); // prettier-ignore
    });
  }

  it('denies when a predicate answers with anything but true', () => {
    const results: unknown[] = [1, 'yes', Promise.resolve(true), undefined];
    for (const result of results) {
      const authorizer = authorizeIf(() => result as boolean);
      assert.throws(() => { checkAuthorized(authorizer, peerOf(web)); }, { code: 'ERR_SPIFFE_UNAUTHORIZED' }); // prettier-ignore
    }
  });

  it('refuses to be made of nothing', () => {
    assert.throws(() => authorizeOneOf(), TypeError);
    assert.throws(() => authorizeOneOf(['spiffe://example.org/a', web] as never), { code: 'ERR_SPIFFE_ID' });
    assert.throws(() => anyOf(), TypeError);
    assert.throws(() => authorizeIf(undefined as never), TypeError);
    assert.throws(() => authorizeId('example.org/web'), { code: 'ERR_SPIFFE_ID' });
    assert.throws(() => authorizeMemberOf('Example.org'), { code: 'ERR_SPIFFE_ID' });
  });

  it('judges a JWT-SVID by a predicate, claims and all', () => {
    const authorize: JwtAuthorizer = authorizeIf((id, { claims }) => id.path === '/web' && claims['scope'] === 'pay');
    const svid = (scope: string): JwtSvid => ({ ...peerOf(web), claims: { scope } }) as unknown as JwtSvid;
    checkAuthorized(authorize, svid('pay'));
    assert.throws(() => { checkAuthorized(authorize, svid('read')); }, { code: 'ERR_SPIFFE_UNAUTHORIZED' }); // prettier-ignore
  });

  it('knows which trust domains it can ever allow', () => {
    const domains = (authorizer: Authorizer) => authorizer.trustDomains?.map(({ name }) => name);
    assert.deepEqual(domains(authorizeOneOf(web, 'spiffe://other.test/db')), ['example.org', 'other.test']);
    assert.deepEqual(domains(anyOf(authorizeId(web), authorizeMemberOf('other.test'))), ['example.org', 'other.test']);
    assert.equal(domains(anyOf(authorizeId(web), authorizeAny())), undefined);
    assert.equal(domains(authorizeAny()), undefined);
  });
});
