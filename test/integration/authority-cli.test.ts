// `jwt mint` and `localauthority`: a JWT-SVID that an independent JOSE verifies by the published bundle, and the rotation
// of both kinds of authorities by hand.
import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { Deployment } from '../support/deployment.js';

const minting = ['jwt', 'mint', '-spiffeID', 'spiffe://example.org/web', '-audience', 'api'];

describe('credence-server jwt and localauthority', () => {
  let deployment: Deployment;
  before(async () => {
    deployment = await Deployment.create();
    await deployment.startServer({ config: { jwt_issuer: 'https://issuer.example.org', default_jwt_svid_ttl: '2m' } });
  });
  after(() => deployment[Symbol.asyncDispose]());

  const json = async (...args: string[]): Promise<Record<string, unknown>> =>
    JSON.parse(await deployment.admin(...args, '-output', 'json')) as Record<string, unknown>;

  /** The JWT keys of the published bundle (SPIFFE Trust Domain and Bundle §4). */
  async function jwtKeys(): Promise<JSONWebKeySet['keys']> {
    const { keys } = JSON.parse(await deployment.admin('bundle', 'show', '-format', 'spiffe')) as JSONWebKeySet;
    return keys.filter(({ use }) => use === 'jwt-svid');
  }

  async function verify(token: string, audience = 'api'): Promise<void> {
    // A key set for JOSE alone, whose parsers do not know the values that SPIFFE gives to `use`.
    const keys = (await jwtKeys()).map(({ use, ...key }) => ({ ...key, use: use === 'jwt-svid' ? 'sig' : 'enc' }));
    await jwtVerify(token, createLocalJWKSet({ keys }), { audience });
  }

  it('jwt mint: a token that the published bundle verifies (JWT-2-a, JWT-3.2-a, JWT-3.3-a, JWT-6.1-a, JWT-6.1-b)', async () => {
    const token = (await deployment.admin(...minting, '-audience', 'db')).trimEnd();
    await verify(token);
    await verify(token, 'db');
    await assert.rejects(verify(token, 'other'), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
    const { exp, iat, ...claims } = decodeJwt(token);
    assert.deepEqual(claims, {
      aud: ['api', 'db'],
      iss: 'https://issuer.example.org',
      sub: 'spiffe://example.org/web',
    });
    assert.equal(exp! - iat!, 120);
    assert.deepEqual(Object.keys(decodeProtectedHeader(token)), ['alg', 'kid', 'typ']);
  });

  it('jwt mint: a file that its owner alone reads', async () => {
    const file = join(deployment.folder, 'token');
    assert.equal(await deployment.admin(...minting, '-write', file), `JWT-SVID written to ${file}\n`);
    await verify(await readFile(file, 'utf8'));
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it('jwt mint: JSON', async () => {
    const { svid } = (await json(...minting, '-ttl', '1m')) as { svid: Record<string, unknown> };
    assert.deepEqual(Object.keys(svid), ['expires_at', 'hint', 'id', 'issued_at', 'token']);
    assert.equal(Number(svid['expires_at']) - Number(svid['issued_at']), 60);
    assert.deepEqual(svid['id'], { path: '/web', trust_domain: 'example.org' });
  });

  it('jwt mint: says when the lifetime was cut', async () => {
    const { code, stdout, stderr } = await deployment.server(...minting, '-ttl', '48h');
    assert.equal(code, 0);
    await verify(stdout.trimEnd());
    const warning = /^JWT-SVID lifetime was capped shorter than specified ttl; expires "\d{4}-\d\d-\d\dT[\d:]{8}Z"\n$/;
    assert.match(stderr, warning);
  });

  const wrong: [args: string[], code: number, says: RegExp][] = [
    [['jwt', 'mint', '-audience', 'api'], 2, /^Error: --spiffe-id is required/],
    [['jwt', 'mint', '-spiffeID', 'spiffe://example.org/web'], 2, /^Error: --audience is required/],
    [[...minting, '-ttl', 'soon'], 2, /^Error: --ttl is "soon"; whole seconds such as 90s or 1h are accepted/],
    [['jwt', 'mint', '-spiffeID', 'example.org/web', '-audience', 'a'], 2, /^Error: --spiffe-id: /],
    [
      ['jwt', 'mint', '-spiffeID', 'spiffe://example.com/web', '-audience', 'a'],
      1,
      /^Error: unable to mint SVID: rpc error: code = InvalidArgument desc = invalid SPIFFE ID: /,
    ],
    [['localauthority', 'x509', 'activate'], 2, /^Error: --authority-id is required/],
    [
      ['localauthority', 'jwt', 'taint', '-authorityID', 'x'],
      1,
      /^Error: could not taint JWT authority: rpc error: code = InvalidArgument desc = unexpected authority ID\n$/,
    ],
    [
      ['localauthority', 'x509', 'revoke', '--authority-id', 'x'],
      1,
      /^Error: could not revoke X\.509 authority: rpc error: .* only Old local authority can be revoked\n$/,
    ],
  ];
  for (const [args, expected, says] of wrong) {
    it(`refuses ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await deployment.server(...args);
      assert.deepEqual([code, stdout], [expected, '']);
      assert.match(stderr, says);
    });
  }

  const kinds = [
    { word: 'x509', name: 'X.509', upstream: '  Upstream authority ID: No upstream authority\n' },
    { word: 'jwt', name: 'JWT', upstream: '' },
  ];
  for (const { word, name, upstream } of kinds) {
    it(`localauthority ${word}: show, prepare, activate, taint, revoke`, async () => {
      const command = (verb: string, ...args: string[]): Promise<string> =>
        deployment.admin('localauthority', word, verb, ...args);
      const block = (status: string): string =>
        `${status} ${name} authority:\n` +
        `  Authority ID: (\\w+)\n  Expires at: \\d{4}-\\d\\d-\\d\\d [\\d:]{8} \\+0000 UTC\n${upstream}`;
      const none = (status: string): string =>
        `${status} ${name} authority:\n  No ${status.toLowerCase()} ${name} authority found\n`;
      const idIn = (text: string, pattern: string): string => {
        assert.match(text, new RegExp(`^${pattern}$`));
        return new RegExp(pattern).exec(text)![1]!;
      };
      const first = idIn(await command('show'), [block('Active'), none('Prepared'), none('Old')].join('\n'));
      const second = idIn(await command('prepare'), block('Prepared'));
      await command('show');
      assert.equal(idIn(await command('activate', '-authorityID', second), block('Activated')), second);
      assert.equal(idIn(await command('taint', '-authorityID', first), block('Tainted')), first);
      const shown = (await json('localauthority', word, 'show')) as Record<string, { authority_id: string }>;
      assert.deepEqual(Object.keys(shown), ['active', 'old']);
      assert.deepEqual([shown['active']?.authority_id, shown['old']?.authority_id], [second, first]);
      const { jwt_authorities: jwt, x509_authorities: x509 } = await json('bundle', 'show');
      const tainted = ((word === 'jwt' ? jwt : x509) as { tainted: boolean }[]).map((authority) => authority.tainted);
      assert.deepEqual(tainted, [true, false]);
      assert.equal(idIn(await command('revoke', '-authorityID', first), block('Revoked')), first);
      const after = await json('bundle', 'show');
      assert.equal((after[`${word}_authorities`] as object[]).length, 1);
    });
  }

  it('bundle show: one JWK for each JWT key, of public members only (JWT-6.1-c, TDB-4.2-c)', async () => {
    await deployment.admin('localauthority', 'jwt', 'prepare');
    const keys = await jwtKeys();
    const { jwt_authorities: authorities } = (await json('bundle', 'show')) as {
      jwt_authorities: { key_id: string }[];
    };
    assert.deepEqual(
      keys.map(({ kid }) => kid),
      authorities.map(({ key_id }) => key_id),
    );
    assert.ok(keys.length > 1);
    for (const key of keys) assert.deepEqual(Object.keys(key), ['use', 'kty', 'kid', 'crv', 'x', 'y']);
  });
});
