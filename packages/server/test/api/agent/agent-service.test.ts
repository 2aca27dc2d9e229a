import assert from 'node:assert/strict';
import { generateKey } from '@credence/sdk/keys';
import type { SPIFFEID } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';
import type { Agent__Output } from '@credence/sdk/wire/gen/spire/api/types/Agent.js';
import { Certificate, createCertificateRequest } from '@credence/sdk/x509';
import { refusal } from '../support/refusal.js';
import { agentCsr, attest, channel, joinAgent, newKey, newToken, present } from '../support/test-agent.js';
import { call, TestServer, type Clients } from '../support/test-server.js';

const td = 'example.org';

describe('the Agent service', () => {
  let server: TestServer;
  let local: Clients;
  let anonymous: Clients;
  before(async () => {
    server = await TestServer.start();
    local = server.local;
    anonymous = server.remote(await channel(server));
  });
  after(() => server[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const { id } of await agents()) await call(local.agents, 'DeleteAgent', { id });
  });
  const agents = async (): Promise<Agent__Output[]> => (await call(local.agents, 'ListAgents', {})).agents;
  const wireId = (path: string): { trust_domain: string; path: string } => ({ trust_domain: td, path });

  describe('CreateJoinToken', () => {
    it('makes a random token that lives as long as asked', async () => {
      const { value, expires_at } = await call(local.agents, 'CreateJoinToken', { ttl: 600 });
      assert.match(value, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.ok(Math.abs(Number(expires_at) - Date.now() / 1000 - 600) < 60);
    });

    it('takes a token of the caller, once', async () => {
      const make = (): Promise<unknown> => call(local.agents, 'CreateJoinToken', { ttl: 600, token: 'mine' });
      await make();
      assert.match(await refusal(make()), /^INTERNAL: failed to create token: /);
    });

    const hostile: readonly [string, object, RegExp][] = [
      ['no TTL', {}, /^INVALID_ARGUMENT: ttl is required, you must provide one$/],
      ['a negative TTL', { ttl: -1 }, /^INVALID_ARGUMENT: ttl is required/],
      ['a token with a slash (SPIFFE-ID §2.2)', { ttl: 60, token: 'a/b' }, /^INVALID_ARGUMENT: token .*SPIFFE-ID §2.2/],
      ['a token that is a dot segment (SPIFFE-ID §2.2)', { ttl: 60, token: '..' }, /^INVALID_ARGUMENT: token /],
      ['a token of 256 characters', { ttl: 60, token: 'a'.repeat(256) }, /^INVALID_ARGUMENT: token /],
      [
        'a foreign agent ID',
        { ttl: 60, agent_id: { trust_domain: 'other.org', path: '/a' } },
        /^INVALID_ARGUMENT: invalid agent ID: /,
      ],
      ['a reserved agent ID', { ttl: 60, agent_id: wireId('/spire/agent/x') }, /^INVALID_ARGUMENT: invalid agent ID: /],
    ];
    for (const [name, request, expected] of hostile) {
      it(`refuses ${name}`, async () => {
        assert.match(await refusal(call(local.agents, 'CreateJoinToken', request)), expected);
      });
    }

    it('names the joining node by an alias entry, which goes when the agent is evicted', async () => {
      const agent = await joinAgent(server, '/node1');
      const { entries } = await call(agent.clients.entries, 'GetAuthorizedEntries', {});
      assert.deepEqual(entries.map((entry) => [entry.parent_id?.path, entry.spiffe_id?.path]), [[agent.path, '/node1']]); // prettier-ignore
      await call(local.agents, 'DeleteAgent', { id: wireId(agent.path) });
      assert.equal((await call(local.entries, 'CountEntries', {})).count, 0);
    });
  });

  describe('AttestAgent', () => {
    it('gives the holder of a token an agent SVID, then the bundle, over one anonymous connection', async () => {
      const key = await newKey();
      const token = await newToken(server);
      const { result } = await attest(anonymous, { payload: Buffer.from(token), csr: agentCsr(key) });
      const path = `/spire/agent/join_token/${token}`;
      assert.equal(result?.reattestable, false);
      assert.deepEqual(result.svid?.id, wireId(path));
      const leaf = Certificate.parse(result.svid.cert_chain[0]!);
      assert.deepEqual(leaf.subjectAltNames.uris, [`spiffe://${td}${path}`]);
      const [row] = await agents();
      assert.equal(row?.x509svid_serial_number, leaf.serialNumber.toString());
      assert.equal(row.x509svid_expires_at, result.svid.expires_at);
      assert.deepEqual([row.attestation_type, row.banned, row.can_reattest], ['join_token', false, false]);
      assert.equal((await call(anonymous.bundles, 'GetBundle', {})).trust_domain, td);
    });

    it('takes only the key from the request', async () => {
      const names = { uris: [`spiffe://${td}/spire/server`], dnsNames: ['server.example.org'] };
      const csr = createCertificateRequest(names, await newKey());
      const token = await newToken(server);
      const { result } = await attest(anonymous, { payload: Buffer.from(token), csr });
      const leaf = Certificate.parse(result!.svid!.cert_chain[0]!);
      assert.deepEqual(leaf.subjectAltNames.uris, [`spiffe://${td}/spire/agent/join_token/${token}`]);
      assert.deepEqual(leaf.subjectAltNames.dnsNames, []);
    });

    it('refuses a token that has been used', async () => {
      const payload = Buffer.from(await newToken(server));
      const csr = agentCsr(await newKey());
      await attest(anonymous, { payload, csr });
      const again = await refusal(attest(anonymous, { payload, csr }));
      assert.equal(again, 'INVALID_ARGUMENT: failed to attest: join token does not exist or has already been used');
    });

    it('refuses a type that no attestor has', async () => {
      const refused = attest(anonymous, { type: 'x509pop', payload: Buffer.from('a'), csr: agentCsr(await newKey()) });
      assert.equal(
        await refusal(refused),
        'FAILED_PRECONDITION: error getting node attestor: could not find node attestor type "x509pop"',
      );
    });

    it('refuses a hostile request without costing the token', async () => {
      const payload = Buffer.from(await newToken(server));
      const good = agentCsr(await newKey());
      const forged = Buffer.from(good);
      forged[forged.length - 1]! ^= 1;
      for (const csr of [forged, good.subarray(1), Buffer.alloc(60_000, 0x30), Buffer.from('x')]) {
        assert.match(await refusal(attest(anonymous, { payload, csr })), /^INVALID_ARGUMENT: failed to parse CSR: /);
      }
      assert.ok((await attest(anonymous, { payload, csr: good })).result);
    });

    const malformed: readonly [string, object, string][] = [
      ['no params', {}, 'missing params'],
      ['a challenge response first', { challenge_response: Buffer.from('a') }, 'missing params'],
      ['no data', { params: {} }, 'missing attestation data'],
      ['no SVID parameters', { params: { data: {} } }, 'missing X509-SVID parameters'],
      ['no CSR', { params: { data: {}, params: {} } }, 'missing CSR'],
      ['no type', { params: { data: {}, params: { csr: Buffer.from('a') } } }, 'missing attestation data type'],
      [
        'no payload',
        { params: { data: { type: 'join_token' }, params: { csr: Buffer.from('a') } } },
        'missing attestation data payload',
      ],
    ];
    for (const [name, request, problem] of malformed) {
      it(`refuses ${name}`, async () => {
        const stream = anonymous.agents.AttestAgent();
        stream.write(request);
        const refused = await refusal((stream.iterator() as AsyncIterator<unknown>).next());
        assert.equal(refused, `INVALID_ARGUMENT: malformed param: ${problem}`);
      });
    }

    it('refuses a client that says nothing', async () => {
      const stream = anonymous.agents.AttestAgent();
      stream.end();
      const refused = await refusal((stream.iterator() as AsyncIterator<unknown>).next());
      assert.equal(refused, 'INVALID_ARGUMENT: malformed param: missing params');
    });

    it('refuses a token whose agent was banned, without telling more', async () => {
      const token = await newToken(server);
      const csr = agentCsr(await newKey());
      await attest(anonymous, { payload: Buffer.from(token), csr });
      await call(local.agents, 'BanAgent', { id: wireId(`/spire/agent/join_token/${token}`) });
      await call(local.agents, 'CreateJoinToken', { ttl: 60, token });
      const refused = await refusal(attest(anonymous, { payload: Buffer.from(token), csr }));
      assert.equal(refused, 'PERMISSION_DENIED: failed to attest: agent is banned');
    });
  });

  describe('RenewAgent', () => {
    it('gives a new SVID, which is used at its first call, and the old one until then', async () => {
      const old = await joinAgent(server);
      const key = await newKey();
      const { svid } = await call(old.clients.agents, 'RenewAgent', {
        params: { csr: agentCsr(key) },
      });
      const renewed = await present(server, key, svid!);
      const ping = (clients: Clients): Promise<unknown> => call(clients.agents, 'PostStatus', {});
      await ping(old.clients);
      await ping(renewed.clients);
      assert.equal(await refusal(ping(old.clients)), `${denied('PostStatus')} [AGENT_NOT_ACTIVE]`);
      await ping(renewed.clients);
      const [row] = await agents();
      assert.equal(row?.x509svid_serial_number, Certificate.parse(svid!.cert_chain[0]!).serialNumber.toString());
      assert.equal(row.x509svid_expires_at, svid?.expires_at);
    });

    it('lets a second renewal replace one that was never used', async () => {
      const old = await joinAgent(server);
      const keys = [await newKey(), await newKey()];
      const issued = [];
      for (const key of keys) {
        const request = { params: { csr: agentCsr(key) } };
        issued.push((await call(old.clients.agents, 'RenewAgent', request)).svid!);
      }
      const first = await present(server, keys[0]!, issued[0]!);
      const second = await present(server, keys[1]!, issued[1]!);
      assert.match(await refusal(call(first.clients.agents, 'PostStatus', {})), /AGENT_NOT_ACTIVE/);
      await call(second.clients.agents, 'PostStatus', {});
    });

    it('refuses what is no request', async () => {
      const { agents: client } = (await joinAgent(server)).clients;
      assert.match(await refusal(call(client, 'RenewAgent', {})), /^INVALID_ARGUMENT: /);
      assert.match(await refusal(call(client, 'RenewAgent', { params: {} })), /^INVALID_ARGUMENT: missing CSR/);
      const weak = { params: { csr: Buffer.from('30') } };
      assert.match(await refusal(call(client, 'RenewAgent', weak)), /^INVALID_ARGUMENT: failed to parse CSR: /);
    });
  });

  describe('BanAgent and DeleteAgent', () => {
    it('ban tells the agent AGENT_BANNED with its next call, until it is evicted', async () => {
      const { path, clients } = await joinAgent(server);
      await call(clients.agents, 'PostStatus', {});
      await call(local.agents, 'BanAgent', { id: wireId(path) });
      const status = (): Promise<unknown> => call(clients.agents, 'PostStatus', {});
      assert.equal(await refusal(status()), `${denied('PostStatus')} [AGENT_BANNED]`);
      const banned = await call(local.agents, 'GetAgent', { id: wireId(path) });
      assert.deepEqual([banned.banned, banned.x509svid_serial_number], [true, '']);
      await call(local.agents, 'DeleteAgent', { id: wireId(path) });
      assert.equal(await refusal(status()), `${denied('PostStatus')} [AGENT_NOT_ATTESTED]`);
    });

    it('refuse what is no agent ID, and an agent that is not there', async () => {
      for (const method of ['GetAgent', 'BanAgent', 'DeleteAgent'] as const) {
        const attempt = (id: SPIFFEID | null): Promise<string> => refusal(call(local.agents, method, { id }));
        assert.equal(await attempt(wireId('/spire/agent/join_token/x')), 'NOT_FOUND: agent not found');
        for (const id of [
          null,
          wireId('/web'),
          wireId('/spire/agent'),
          wireId('/spire/agent/../x'),
          { trust_domain: 'other.org', path: '/spire/agent/a/b' },
        ]) {
          assert.match(await attempt(id), /^INVALID_ARGUMENT: invalid agent ID: /);
        }
      }
    });
  });

  describe('PostStatus', () => {
    it('keeps the version of the agent', async () => {
      const { clients, path } = await joinAgent(server);
      await call(clients.agents, 'PostStatus', { agent_version: '1.2.3' });
      await call(clients.agents, 'PostStatus', {});
      assert.equal((await call(local.agents, 'GetAgent', { id: wireId(path) })).agent_version, '1.2.3');
    });

    it('refuses a version of 256 bytes', async () => {
      const { agents: client } = (await joinAgent(server)).clients;
      await call(client, 'PostStatus', { agent_version: 'v'.repeat(255) });
      assert.match(await refusal(call(client, 'PostStatus', { agent_version: 'v'.repeat(256) })), /^INVALID_ARGUMENT/);
      for (const hostile of ['1.0\nBanned: true', '\u001b[31mred', '\u009b31m', '\u202eright to left']) {
        assert.match(
          await refusal(call(client, 'PostStatus', { agent_version: hostile })),
          /^INVALID_ARGUMENT: agent_version holds a control character/,
        );
      }
    });
  });

  it('signs for RSA and P-384 keys of agents too', async () => {
    for (const type of ['rsa-2048', 'ec-p384'] as const) {
      const payload = Buffer.from(await newToken(server));
      assert.ok((await attest(anonymous, { payload, csr: agentCsr(await generateKey(type)) })).result);
    }
  });
});

function denied(method: string): string {
  return `PERMISSION_DENIED: authorization denied for method /spire.api.server.agent.v1.Agent/${method}`;
}
