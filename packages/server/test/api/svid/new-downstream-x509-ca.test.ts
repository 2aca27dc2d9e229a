import assert from 'node:assert/strict';
import { publicKeyInfoOf } from '@credence/sdk/keys';
import { Certificate, createCertificateRequest, renderName } from '@credence/sdk/x509';
import { refusal } from '../support/refusal.js';
import { agentCsr, channel, joinAgent, newKey, type TestAgent } from '../support/test-agent.js';
import { call, TestServer, type Clients } from '../support/test-server.js';

const denied = /^PERMISSION_DENIED: authorization denied for method .*NewDownstreamX509CA/;
const id = (path: string): { trust_domain: string; path: string } => ({ trust_domain: 'example.org', path });

describe('NewDownstreamX509CA', () => {
  let server: TestServer;
  let agent: TestAgent;
  let nested: Clients;

  before(async () => {
    server = await TestServer.start();
    agent = await joinAgent(server);
    nested = await workload('nested', { downstream: true });
  });
  after(() => server[Symbol.asyncDispose]());

  /** Clients that present the X.509-SVID of a new entry. */
  async function workload(name: string, flags: { downstream?: boolean; admin?: boolean }): Promise<Clients> {
    const selectors = [{ type: 'unix', value: 'uid:1' }];
    const entry = { id: name, parent_id: id(agent.path), spiffe_id: id(`/${name}`), selectors, ...flags };
    await call(server.local.entries, 'BatchCreateEntry', { entries: [entry] });
    const key = await newKey();
    const params = [{ entry_id: name, csr: agentCsr(key) }];
    const { results } = await call(agent.clients.svids, 'BatchNewX509SVID', { params });
    return server.remote(await channel(server, { key, chain: results[0]!.svid!.cert_chain }));
  }
  const issue = async (request: { csr?: Buffer; preferred_ttl?: number } = {}) => {
    const csr = request.csr ?? agentCsr(await newKey());
    return call(nested.svids, 'NewDownstreamX509CA', { ...request, csr });
  };

  it('certifies an authority that this trust domain verifies, and gives the roots (X509-SVID §3.2)', async () => {
    const key = await newKey();
    const response = await issue({ csr: agentCsr(key) });
    const roots = await server.roots();
    assert.deepEqual(response.x509_authorities, roots);
    assert.equal(response.ca_cert_chain.length, 1);
    const certificate = Certificate.parse(response.ca_cert_chain[0]!);
    const root = Certificate.parse(roots[0]!);
    assert.ok(certificate.isCa && certificate.isSignedBy(root));
    assert.deepEqual(certificate.uriSans, ['spiffe://example.org']);
    assert.deepEqual([...certificate.keyUsage!].sort(), ['cRLSign', 'keyCertSign']);
    assert.deepEqual(certificate.publicKeyInfo, publicKeyInfoOf(key));
    assert.deepEqual(certificate.authorityKeyId, root.subjectKeyId);
    assert.equal(certificate.notAfter.getTime(), root.notAfter.getTime());
    const [subject, signer] = [renderName(certificate.subject), renderName(root.subject)];
    assert.equal(subject.replace(', OU=DOWNSTREAM-1', ''), signer);
  });

  it('takes of a request the key alone', async () => {
    const key = await newKey();
    const names = { subject: { commonName: 'evil' }, uris: ['spiffe://evil.org/x'], dnsNames: ['evil.org'] };
    const { ca_cert_chain: chain } = await issue({ csr: createCertificateRequest(names, key) });
    const { uriSans, dnsNames, subject } = Certificate.parse(chain[0]!);
    assert.deepEqual([uriSans, dnsNames], [['spiffe://example.org'], []]);
    assert.ok(!renderName(subject).includes('evil'));
  });

  it('gives the lifetime that is asked for, at most that of the authority that signs', async () => {
    const lifetime = async (preferred_ttl: number): Promise<number> => {
      const { notAfter } = Certificate.parse((await issue({ preferred_ttl })).ca_cert_chain[0]!);
      return (notAfter.getTime() - Date.now()) / 1000;
    };
    const short = await lifetime(600);
    assert.ok(short > 590 && short <= 600, String(short));
    assert.ok((await lifetime(10 * 86_400)) <= 86_400);
  });

  it('refuses a request that is malformed or not signed by its key', async () => {
    const csr = agentCsr(await newKey());
    const tampered = Buffer.from(csr);
    tampered[csr.length - 1]! ^= 1;
    assert.match(await refusal(issue({ csr: Buffer.alloc(0) })), /^INVALID_ARGUMENT: missing CSR/);
    assert.match(await refusal(issue({ csr: csr.subarray(1) })), /^INVALID_ARGUMENT: malformed CSR/);
    assert.match(await refusal(issue({ csr: tampered })), /^INVALID_ARGUMENT: invalid CSR signature/);
  });

  it('is for downstream servers alone', async () => {
    const anonymous = server.remote(await channel(server));
    const callers = {
      anonymous,
      agent: agent.clients,
      local: server.local,
      workload: await workload('plain', {}),
      administrator: await workload('admin', { admin: true }),
    };
    const csr = agentCsr(await newKey());
    for (const [name, { svids }] of Object.entries(callers)) {
      assert.match(await refusal(call(svids, 'NewDownstreamX509CA', { csr })), denied, name);
    }
  });

  it('ends with the flag of the entry', async () => {
    const fleeting = await workload('fleeting', { downstream: true });
    const csr = agentCsr(await newKey());
    await call(fleeting.svids, 'NewDownstreamX509CA', { csr });
    const entry = { id: 'fleeting', downstream: false };
    await call(server.local.entries, 'BatchUpdateEntry', { entries: [entry], input_mask: { downstream: true } });
    assert.match(await refusal(call(fleeting.svids, 'NewDownstreamX509CA', { csr })), denied);
  });
});
