import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import type { JWTSVID__Output } from '@credence/sdk/wire/gen/spire/api/types/JWTSVID.js';
import { RecordingLogger } from '../../ca/support/recording-logger.js';
import { refusal } from '../support/refusal.js';
import { channel, joinAgent, type TestAgent } from '../support/test-agent.js';
import { call, TestServer, type Clients } from '../support/test-server.js';

const id = (path: string): { trust_domain: string; path: string } => ({ trust_domain: 'example.org', path });
const selectors = [{ type: 'unix', value: 'uid:1000' }];

describe('JWT-SVIDs over the API', () => {
  let server: TestServer;
  let agent: TestAgent;
  let other: TestAgent;
  before(async () => {
    server = await TestServer.start({ jwtIssuer: 'https://issuer.example.org' });
    agent = await joinAgent(server);
    other = await joinAgent(server);
    const entry = (name: string, parent: string, more: object = {}): object => ({
      id: name,
      parent_id: id(parent),
      spiffe_id: id(`/${name}`),
      selectors,
      ...more,
    });
    await call(server.local.entries, 'BatchCreateEntry', {
      entries: [
        entry('web', agent.path, { jwt_svid_ttl: 60, x509_svid_ttl: 600 }),
        entry('numbered', agent.path, { additional_attributes: { jwt_svid_include_jti: true } }),
        entry('below-web', '/web'),
        entry('theirs', other.path),
        entry('administrator', agent.path, { admin: true }),
        entry('alias', '/spire/server'),
      ],
    });
  });
  after(() => server[Symbol.asyncDispose]());

  /** Verifies a token by the key that the bundle has under its key ID (JWT-SVID §6.2). */
  async function verify({ token }: JWTSVID__Output, audience: string): Promise<void> {
    const bundle = await call(server.local.bundles, 'GetBundle', {});
    const key = bundle.jwt_authorities.find(({ key_id }) => key_id === decodeProtectedHeader(token).kid);
    await jwtVerify(token, createPublicKey({ key: key!.public_key, format: 'der', type: 'spki' }), { audience });
  }

  describe('NewJWTSVID', () => {
    const sign = async (clients: Clients, entry_id: string, audience = ['api']): Promise<JWTSVID__Output> =>
      (await call(clients.svids, 'NewJWTSVID', { entry_id, audience })).svid!;

    it('signs what the entry says for the agent that may serve it (JWT-3.1-a, JWT-3.2-a, JWT-3.3-a)', async () => {
      const svid = await sign(agent.clients, 'web', ['api', 'db']);
      await verify(svid, 'db');
      assert.deepEqual(svid.id, id('/web'));
      const { aud, exp, iat, iss, sub, ...rest } = decodeJwt(svid.token);
      assert.deepEqual(
        [aud, iss, sub, rest],
        [['api', 'db'], 'https://issuer.example.org', 'spiffe://example.org/web', {}],
      );
      assert.equal(exp! - iat!, 60);
      assert.deepEqual([svid.issued_at, svid.expires_at], [String(iat), String(exp)]);
    });

    it('gives a jti where the entry asks for one, another each time (JWT-3-a)', async () => {
      const tokens = [await sign(agent.clients, 'numbered'), await sign(agent.clients, 'numbered')];
      const [first, second] = tokens.map(({ token }) => decodeJwt(token));
      assert.match(first!.jti!, /^[\w-]{22}$/);
      assert.notEqual(first?.jti, second?.jti);
      assert.equal(first!.exp! - first!.iat!, 300);
    });

    it('signs for an entry below another one of the agent', async () => {
      assert.deepEqual((await sign(agent.clients, 'below-web')).id, id('/below-web'));
    });

    const refusals: [entry: string, audience: string[], says: string][] = [
      ['theirs', ['api'], 'NOT_FOUND: entry not found or not authorized'],
      ['alias', ['api'], 'NOT_FOUND: entry not found or not authorized'],
      ['no-such-entry', ['api'], 'NOT_FOUND: entry not found or not authorized'],
      ['', ['api'], 'NOT_FOUND: entry not found or not authorized'],
      ['web', [], 'INVALID_ARGUMENT: at least one audience is required'],
      ['web', ['', ''], 'INVALID_ARGUMENT: at least one audience is required'],
      ['web', ['a'.repeat(16 * 1024 + 1)], 'INVALID_ARGUMENT: audience is longer than 16384 bytes'],
    ];
    for (const [entry, audience, says] of refusals) {
      const shown = JSON.stringify(audience).slice(0, 20);
      it(`refuses the entry "${entry}" with the audience ${shown}`, async () => {
        await sign(agent.clients, 'web');
        assert.equal(await refusal(sign(agent.clients, entry, audience)), says);
      });
    }

    it('leaves empty audiences out (JWT-3.2-a)', async () => {
      assert.deepEqual(decodeJwt((await sign(agent.clients, 'web', ['', 'api', ''])).token).aud, ['api']);
    });

    it('signs no more for an entry that was deleted, nor for an agent that was banned', async () => {
      const { entries, agents } = server.local;
      const spare = await joinAgent(server);
      const entry = { id: 'brief', parent_id: id(spare.path), spiffe_id: id('/brief'), selectors };
      await call(entries, 'BatchCreateEntry', { entries: [entry] });
      await sign(spare.clients, 'brief');
      await call(entries, 'BatchDeleteEntry', { ids: ['brief'] });
      assert.match(await refusal(sign(spare.clients, 'brief')), /^NOT_FOUND: /);
      await call(entries, 'BatchCreateEntry', { entries: [entry] });
      await sign(spare.clients, 'brief');
      await call(agents, 'BanAgent', { id: id(spare.path) });
      assert.match(await refusal(sign(spare.clients, 'brief')), /\[AGENT_BANNED\]$/);
    });

    it('is for agents only', async () => {
      assert.match(await refusal(sign(server.local, 'web')), /^PERMISSION_DENIED: /);
      const anonymous = server.remote(await channel(server));
      assert.match(await refusal(sign(anonymous, 'web')), /^PERMISSION_DENIED: /);
    });
  });

  describe('MintJWTSVID', () => {
    const mint = async (path: string, { audience = ['api'], ttl = 0 } = {}): Promise<JWTSVID__Output> =>
      (await call(server.local.svids, 'MintJWTSVID', { id: id(path), audience, ttl })).svid!;

    it('signs for whatever workload an administrator names (JWT-3.1-a)', async () => {
      const svid = await mint('/whoever', { audience: ['a', 'b'], ttl: 77 });
      await verify(svid, 'b');
      const { aud, exp, iat, sub } = decodeJwt(svid.token);
      assert.deepEqual([aud, exp! - iat!, sub], [['a', 'b'], 77, 'spiffe://example.org/whoever']);
      assert.deepEqual([svid.hint, svid.id], ['', id('/whoever')]);
    });

    it('cuts a lifetime to that of the authority', async () => {
      const { expires_at } = await mint('/w', { ttl: 2 ** 31 - 1 });
      const bundle = await call(server.local.bundles, 'GetBundle', {});
      assert.equal(expires_at, bundle.jwt_authorities[0]?.expires_at);
    });

    for (const [wire, says] of [
      [null, 'request must specify SPIFFE ID'],
      [id(''), '"spiffe://example.org" is not a workload in trust domain "example.org"; path is empty'],
      [id('/spire/server'), 'path is in the reserved namespace'],
      [id('/spire/agent/x/y'), 'path is in the reserved namespace'],
      [{ trust_domain: 'example.com', path: '/web' }, 'is not a member of trust domain "example.org"'],
      [id('/a/../b'), '..'],
      [id('/%61'), ''],
    ] as const) {
      it(`refuses the ID ${JSON.stringify(wire)}`, async () => {
        await mint('/web');
        const text = await refusal(call(server.local.svids, 'MintJWTSVID', { id: wire, audience: ['api'] }));
        assert.ok(text.startsWith('INVALID_ARGUMENT: invalid SPIFFE ID: '), text);
        assert.ok(text.includes(says), text);
      });
    }

    it('refuses a call without an audience (JWT-3.2-a)', async () => {
      assert.equal(
        await refusal(mint('/web', { audience: [] })),
        'INVALID_ARGUMENT: at least one audience is required',
      );
    });

    it('is for administrators only', async () => {
      const request = { id: id('/web'), audience: ['api'] };
      assert.match(await refusal(call(agent.clients.svids, 'MintJWTSVID', request)), /^PERMISSION_DENIED: /);
    });
  });

  it('publishes the JWT authority before it signs (JWT-6.1-b, FED-4.1-c)', async () => {
    const { jwt_authorities: authorities, sequence_number: sequence } = await call(
      server.local.bundles,
      'GetBundle',
      {},
    );
    assert.equal(authorities.length, 1);
    assert.match(authorities[0]!.key_id, /^[A-Za-z0-9]{32}$/);
    assert.equal(authorities[0]!.tainted, false);
    assert.ok(Number(authorities[0]!.expires_at) > 0);
    assert.equal(sequence, '1');
  });

  it('are in the audit record by ID and audience, and their tokens nowhere in the log', async () => {
    const log = new RecordingLogger();
    await using logged = await TestServer.start({ log });
    const joined = await joinAgent(logged);
    const entry = { id: 'web', parent_id: id(joined.path), spiffe_id: id('/web'), selectors };
    await call(logged.local.entries, 'BatchCreateEntry', { entries: [entry] });
    const answers = [
      await call(logged.local.svids, 'MintJWTSVID', { id: id('/minted'), audience: ['api'] }),
      await call(joined.clients.svids, 'NewJWTSVID', { entry_id: 'web', audience: ['api', 'db'] }),
    ];
    const records = log.lines.map(({ fields }) => fields as Record<string, unknown>);
    const audited = (method: string): unknown => {
      const { spiffe_id, audience, status } = records.find((record) => record['method'] === method)!;
      return [spiffe_id, audience, status];
    };
    assert.deepEqual(audited('MintJWTSVID'), ['spiffe://example.org/minted', ['api'], 'success']);
    assert.deepEqual(audited('NewJWTSVID'), ['spiffe://example.org/web', ['api', 'db'], 'success']);
    const text = JSON.stringify(log.lines);
    for (const { svid } of answers) for (const part of svid!.token.split('.')) assert.ok(!text.includes(part));
  });

  it('answers UNIMPLEMENTED when JWT-SVIDs are switched off', async () => {
    await using without = await TestServer.start({ disableJwtSvids: true });
    const joined = await joinAgent(without);
    const disabled = 'UNIMPLEMENTED: JWT functionality is disabled';
    const { svids, localAuthorities } = without.local;
    assert.equal(await refusal(call(svids, 'MintJWTSVID', {})), disabled);
    assert.equal(await refusal(call(joined.clients.svids, 'NewJWTSVID', {})), disabled);
    assert.equal(await refusal(call(localAuthorities, 'GetJWTAuthorityState', {})), disabled);
    assert.equal(await refusal(call(localAuthorities, 'PrepareJWTAuthority', {})), disabled);
    assert.deepEqual((await call(without.local.bundles, 'GetBundle', {})).jwt_authorities, []);
  });
});
