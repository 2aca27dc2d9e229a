import assert from 'node:assert/strict';
import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { Certificate, createCertificateRequest, type CertificateRequestNames } from '@credence/sdk/x509';
import { refusal } from '../support/refusal.js';
import { agentCsr, joinAgent, newKey, type TestAgent } from '../support/test-agent.js';
import { call, TestServer, type Clients } from '../support/test-server.js';

const td = 'example.org';
const id = (path: string): { trust_domain: string; path: string } => ({ trust_domain: td, path });

function tampered(csr: Buffer): Buffer {
  const copy = Buffer.from(csr);
  copy[copy.length - 1]! ^= 1;
  return copy;
}

async function weakKey(): Promise<KeyObject> {
  return (await promisify(generateKeyPair)('rsa', { modulusLength: 1024 })).privateKey;
}

describe('the SVID service', () => {
  let server: TestServer;
  let agent: TestAgent;
  let other: TestAgent;
  before(async () => {
    server = await TestServer.start();
    agent = await joinAgent(server);
    other = await joinAgent(server);
    const selectors = [{ type: 'unix', value: 'uid:1000' }];
    const { entries } = server.local;
    await call(entries, 'BatchCreateEntry', {
      entries: [
        {
          id: 'web',
          parent_id: id(agent.path),
          spiffe_id: id('/web'),
          selectors,
          dns_names: ['web.example.org'],
          x509_svid_ttl: 600,
        },
        { id: 'api', parent_id: id(agent.path), spiffe_id: id('/api'), selectors },
        { id: 'theirs', parent_id: id(other.path), spiffe_id: id('/theirs'), selectors },
        { id: 'alias', parent_id: id('/spire/server'), spiffe_id: id('/alias'), selectors },
      ],
    });
  });
  after(() => server[Symbol.asyncDispose]());

  describe('BatchNewX509SVID', () => {
    const sign = async (
      clients: Clients,
      ...params: { entry_id?: string; csr?: Buffer }[]
    ): Promise<{ code: number; message: string; leaf: Certificate | undefined }[]> => {
      const { results } = await call(clients.svids, 'BatchNewX509SVID', { params });
      return results.map(({ status: outcome, svid }) => ({
        ...outcome!,
        leaf: svid === null ? undefined : Certificate.parse(svid.cert_chain[0]!),
      }));
    };

    it('signs what the entry says, whatever the request asks for', async () => {
      const names: CertificateRequestNames = {
        subject: { country: ['XX'], organization: ['Evil'], commonName: 'evil' },
        uris: [`spiffe://${td}/spire/server`],
        dnsNames: ['evil.example.org'],
      };
      const key = await newKey();
      const [result] = await sign(agent.clients, { entry_id: 'web', csr: createCertificateRequest(names, key) });
      assert.deepEqual([result?.code, result?.message], [status.OK, 'OK']);
      const leaf = result!.leaf!;
      assert.deepEqual(leaf.subjectAltNames.uris, [`spiffe://${td}/web`]);
      assert.deepEqual(leaf.subjectAltNames.dnsNames, ['web.example.org']);
      assert.ok(!leaf.subject.includes('Evil'));
      assert.equal(Math.round((leaf.notAfter.getTime() - Date.now()) / 60_000), 10);
    });

    it('answers each item for itself, in order', async () => {
      const csr = agentCsr(await newKey());
      const results = await sign(
        agent.clients,
        { entry_id: 'web', csr },
        { csr },
        { entry_id: 'web' },
        { entry_id: 'web', csr: Buffer.from('30') },
        { entry_id: 'web', csr: tampered(csr) },
        { entry_id: 'theirs', csr },
        { entry_id: 'api', csr },
      );
      assert.deepEqual(
        results.map(({ code, leaf }) => [code, leaf !== undefined]),
        [
          [status.OK, true],
          [status.INVALID_ARGUMENT, false],
          [status.INVALID_ARGUMENT, false],
          [status.INVALID_ARGUMENT, false],
          [status.INVALID_ARGUMENT, false],
          [status.NOT_FOUND, false],
          [status.OK, true],
        ],
      );
      assert.deepEqual([results[1]?.message, results[2]?.message], ['missing entry ID', 'missing CSR']);
      assert.match(results[3]!.message, /^malformed CSR/);
      assert.match(results[4]!.message, /^invalid CSR signature/);
      assert.deepEqual(results[6]!.leaf!.subjectAltNames.uris, [`spiffe://${td}/api`]);
    });

    it('refuses a request without items', async () => {
      const { svids } = agent.clients;
      assert.equal(await refusal(call(svids, 'BatchNewX509SVID', {})), 'INVALID_ARGUMENT: missing parameters');
    });

    for (const [name, entryId] of [
      ['an entry of another agent', 'theirs'],
      ['a node alias', 'alias'],
      ['an entry that is not there', 'nothing'],
      ['an ID in other letters', 'WEB'],
      ['an SQL wildcard', '%'],
      ['a name from the prototype', '__proto__'],
    ] as const) {
      it(`refuses a malicious agent ${name}, without telling whether it is there`, async () => {
        const csr = agentCsr(await newKey());
        const [mine, refused] = await sign(agent.clients, { entry_id: 'web', csr }, { entry_id: entryId, csr });
        assert.equal(mine?.code, status.OK);
        assert.deepEqual(refused, {
          code: status.NOT_FOUND,
          message: 'entry not found or not authorized',
          leaf: undefined,
        });
      });
    }

    it('signs at once for an entry that was just created, and no more for one that was deleted', async () => {
      const { entries } = server.local;
      const selectors = [{ type: 'unix', value: 'uid:1' }];
      const entry = { id: 'new', parent_id: id(agent.path), spiffe_id: id('/new'), selectors };
      const csr = agentCsr(await newKey());
      await call(entries, 'BatchCreateEntry', { entries: [entry] });
      assert.equal((await sign(agent.clients, { entry_id: 'new', csr }))[0]?.code, status.OK);
      await call(entries, 'BatchDeleteEntry', { ids: ['new'] });
      assert.equal((await sign(agent.clients, { entry_id: 'new', csr }))[0]?.code, status.NOT_FOUND);
    });

    it('refuses a weak key', async () => {
      const [refused] = await sign(agent.clients, { entry_id: 'web', csr: agentCsr(await weakKey()) });
      assert.equal(refused?.code, status.INVALID_ARGUMENT);
    });

    it('refuses callers that are no agents', async () => {
      const { svids } = server.local;
      const csr = agentCsr(await newKey());
      const refused = await refusal(call(svids, 'BatchNewX509SVID', { params: [{ entry_id: 'web', csr }] }));
      assert.match(refused, /^PERMISSION_DENIED: authorization denied for method /);
    });
  });

  describe('MintX509SVID', () => {
    const mint = async (names: CertificateRequestNames, ttl = 0): Promise<Certificate> => {
      const csr = createCertificateRequest(names, await newKey());
      const { svid } = await call(server.local.svids, 'MintX509SVID', { csr, ttl });
      return Certificate.parse(svid!.cert_chain[0]!);
    };
    const uris = [`spiffe://${td}/minted`];

    it('signs the ID, the DNS names and the subject of the request', async () => {
      const subject = { country: ['DE'], organization: ['Me'], commonName: 'me' };
      const leaf = await mint({ uris, dnsNames: ['a.example.org', 'b.example.org'], subject }, 86_400 / 2);
      assert.deepEqual(leaf.subjectAltNames.uris, uris);
      assert.deepEqual(leaf.subjectAltNames.dnsNames, ['a.example.org', 'b.example.org']);
      assert.ok(leaf.subject.includes('Me') && leaf.subject.includes('a.example.org'));
      assert.equal(Math.round((leaf.notAfter.getTime() - Date.now()) / 3_600_000), 12);
    });

    it('gives a request without a subject the default one', async () => {
      assert.ok((await mint({ uris })).subject.includes('SPIRE'));
    });

    const hostile: readonly [string, CertificateRequestNames, string][] = [
      ['no URI', {}, 'CSR URI SAN is required'],
      ['two URIs (X509-SVID §2)', { uris: [...uris, `spiffe://${td}/b`] }, 'only one URI SAN is expected'],
      ['a URI that is no SPIFFE ID', { uris: ['https://example.org/a'] }, 'CSR URI SAN is invalid: '],
      ['a foreign ID', { uris: ['spiffe://other.org/a'] }, 'CSR URI SAN is invalid: '],
      ['the trust domain itself', { uris: [`spiffe://${td}`] }, 'CSR URI SAN is invalid: '],
      ["the server's ID", { uris: [`spiffe://${td}/spire/server`] }, 'CSR URI SAN is invalid: '],
      ["an agent's ID", { uris: [`spiffe://${td}/spire/agent/a/b`] }, 'CSR URI SAN is invalid: '],
      ['a percent-encoded ID (SPIFFE-ID §2.2)', { uris: [`spiffe://${td}/%61`] }, 'CSR URI SAN is invalid: '],
      ['a malformed DNS name', { uris, dnsNames: ['-a.org'] }, 'CSR DNS name is invalid'],
      [
        'a wildcard that covers another name (RFC 6125 §6.4.3)',
        { uris, dnsNames: ['*.example.org', 'a.example.org'] },
        'CSR DNS name contains a wildcard that covers another non-wildcard name',
      ],
    ];
    for (const [name, names, message] of hostile) {
      it(`refuses ${name}`, async () => {
        const refused = await refusal(mint(names));
        assert.ok(refused.startsWith(`INVALID_ARGUMENT: ${message}`), refused);
      });
    }

    it('accepts a wildcard beside names that it does not cover', async () => {
      await mint({ uris, dnsNames: ['*.example.org', 'a.b.example.org', 'example.org'] });
    });

    it('refuses what is no request, and one that its key did not sign (RFC 2986 §4.2)', async () => {
      const { svids } = server.local;
      const attempt = (csr: Buffer): Promise<string> => refusal(call(svids, 'MintX509SVID', { csr }));
      assert.equal(await attempt(Buffer.alloc(0)), 'INVALID_ARGUMENT: missing CSR');
      assert.match(await attempt(Buffer.from('30')), /^INVALID_ARGUMENT: malformed CSR/);
      const csr = tampered(createCertificateRequest({ uris }, await newKey()));
      assert.match(await attempt(csr), /^INVALID_ARGUMENT: invalid CSR signature/);
    });

    it('refuses agents', async () => {
      const { svids } = agent.clients;
      const csr = createCertificateRequest({ uris }, await newKey());
      assert.match(await refusal(call(svids, 'MintX509SVID', { csr })), /^PERMISSION_DENIED: /);
    });
  });

  describe('what is not there yet', () => {
    it('answers UNIMPLEMENTED to those who may call it, and denies the others first', async () => {
      const { svids } = server.local;
      assert.match(await refusal(call(svids, 'MintWITSVID', {})), /^UNIMPLEMENTED: /);
      assert.match(await refusal(call(svids, 'BatchNewWITSVID', {})), /^PERMISSION_DENIED: /);
      assert.match(await refusal(call(agent.clients.svids, 'BatchNewWITSVID', {})), /^UNIMPLEMENTED: /);
      assert.match(await refusal(call(agent.clients.svids, 'MintWITSVID', {})), /^PERMISSION_DENIED: /);
    });
  });
});
