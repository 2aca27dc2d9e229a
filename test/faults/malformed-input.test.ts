// What is malformed is refused with the field, the rule and what would do, and changes nothing: at the commands, in
// configuration files and in certificate requests. The tables of integration/*-cli.test.ts hold the rest.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { status, type ServiceError } from '@grpc/grpc-js';
import { generateKey } from '@credence/sdk/keys';
import { createCertificateRequest } from '@credence/sdk/x509';
import { Admin } from '../support/admin.js';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';

const td = 'spiffe://example.org';

describe('malformed input', () => {
  let deployment: Deployment;
  let admin: Admin;
  let authorities: readonly Buffer[];
  let place: (name: string) => string;

  before(async () => {
    deployment = await Deployment.create();
    place = (name) => join(deployment.folder, name);
    await deployment.startServer();
    admin = new Admin(deployment.adminSocket);
    authorities = await admin.authorities();
  });

  after(async () => {
    admin[Symbol.dispose]();
    await deployment[Symbol.asyncDispose]();
  });

  afterEach(async () => {
    assert.deepEqual(await admin.listEntries(), []);
    assert.deepEqual(await admin.agentIds(), []);
    assert.deepEqual(await admin.authorities(), authorities);
  });

  describe('SPIFFE IDs of entry create', () => {
    const ids = [
      { id: 'example.org/web', says: /does not start with "spiffe:\/\/"/ },
      { id: 'spiffe://', says: /trust domain/ },
      { id: 'spiffe://Example.org/web', says: /trust domain/ },
      { id: 'spiffe://example.org:80/web', says: /trust domain/ },
      { id: 'spiffe://user@example.org/web', says: /trust domain/ },
      { id: `${td}/`, says: /ends with "\/"/ },
      { id: `${td}//web`, says: /empty/ },
      { id: `${td}/a/../web`, says: /"\.\." path segment/ },
      { id: `${td}/w%65b`, says: /path/ },
      { id: `${td}/web?x=1`, says: /path/ },
      { id: `${td}/web#x`, says: /path/ },
      { id: `${td}/wéb`, says: /path/ },
      { id: `${td}/${'a'.repeat(2048)}`, says: /2048/ },
    ];
    for (const { id, says } of ids) {
      it(`${id.slice(0, 60)} exits 2 for either ID`, async () => {
        for (const [flag, other] of [
          ['--spiffe-id', '--parent-id'],
          ['--parent-id', '--spiffe-id'],
        ] as const) {
          const rest = [other, `${td}/other`, '--selector', 'unix:uid:1'];
          const { code, stdout, stderr } = await deployment.server('entry', 'create', flag, id, ...rest);
          assert.deepEqual([code, stdout], [2, '']);
          assert.ok(stderr.startsWith(`Error: ${flag}: `), stderr);
          assert.match(stderr, says);
          assert.match(stderr, /spiffe:\/\/example\.org\/web is accepted/);
        }
      });
    }
  });

  const web = ['--spiffe-id', `${td}/web`, '--parent-id', `${td}/node`, '--selector', 'unix:uid:1'];
  const commands = [
    { args: ['entry', 'create', ...web, '--selector', ':x'], code: 2, says: /--selector: .*unix:uid:1000 is accepted/ },
    { args: ['entry', 'create', ...web, '--selector', 'x:'], code: 2, says: /--selector: .*unix:uid:1000 is accepted/ },
    { args: ['entry', 'create', ...web, '--federates-with', 'A'], code: 2, says: /--federates-with: .*is accepted/ },
    {
      args: ['entry', 'create', ...web, '--jwt-svid-ttl', '2147483648'],
      code: 2,
      says: /--jwt-svid-ttl is 2147483648/,
    },
    { args: ['entry', 'create', ...web, '--x509-svid-ttl', '1e3'], code: 2, says: /a whole number is accepted/ },
    {
      args: ['entry', 'create', ...web, '--entry-expiry', '-1'],
      code: 2,
      says: /--entry-expiry is -1; .* are accepted/,
    },
    {
      args: ['entry', 'create', ...web, '--dns', 'not a name'],
      code: 1,
      says: /invalid DNS name: .*has characters other than/,
    },
    { args: ['entry', 'create', ...web, '--hint', 'h'.repeat(1025)], code: 1, says: /hint is too long.*1024/ },
    {
      args: ['entry', 'create', ...web, '--data', '/nonexistent.json'],
      code: 1,
      says: /--data: \/nonexistent\.json cannot be read: ENOENT/,
    },
    { args: ['entry', 'create', ...web.slice(2), '--spiffe-id', 'spiffe://other.org/x'], code: 1, says: /spiffe ID/ },
    { args: ['entry', 'create', ...web.slice(2), '--spiffe-id', `${td}/spire/agent/x`], code: 1, says: /spiffe ID/ },
    { args: ['token', 'generate', '--ttl', 'long'], code: 2, says: /flag --ttl is "long"; a whole number is accepted/ },
    { args: ['token', 'generate', '--ttl', '-5'], code: 2, says: /--ttl is -5; seconds from .* are accepted/ },
    { args: ['token', 'generate', '--spiffe-id', 'node1'], code: 2, says: /--spiffe-id: .*is accepted/ },
    { args: ['x509', 'mint'], code: 2, says: /--spiffe-id is required/ },
    { args: ['x509', 'mint', '--spiffe-id', 'web'], code: 2, says: /--spiffe-id: .*is accepted/ },
    {
      args: ['x509', 'mint', '--spiffe-id', `${td}/m`, '--ttl', '1.5s'],
      code: 2,
      says: /--ttl is "1.5s"; whole seconds/,
    },
    { args: ['bundle', 'show', '--format', 'der'], code: 2, says: /flag --format is "der"; pem, spiffe are accepted/ },
  ];
  for (const { args, code, says } of commands) {
    it(`credence-server ${args
      .filter((arg) => !web.includes(arg))
      .join(' ')
      .slice(0, 80)}: ${says.source}`, async () => {
      const answer = await deployment.server(...args);
      assert.equal(answer.code, code, answer.stderr);
      assert.match(answer.stderr, says);
    });
  }

  describe('configuration files', () => {
    const files = [
      { run: 'server', text: 'server: { trust_domain: A }', says: /server\.trust_domain: .*example\.org is accepted/ },
      { run: 'server', text: 'server: { ca_tll: 1h }', says: /unknown key "ca_tll"; did you mean "ca_ttl"\?/ },
      { run: 'server', text: 'server: { ca_ttl: tomorrow }', says: /server\.ca_ttl: .*1h30m is accepted/ },
      { run: 'server', text: 'server: { bind_port: 65536 }', says: /server\.bind_port: .*0 to 65535 is accepted/ },
      { run: 'server', text: 'server: [', says: /line 1, column \d+: not YAML/ },
      { run: 'agent', text: 'agent: { server_port: 0 }', says: /agent\.server_port: .*1 to 65535 is accepted/ },
      { run: 'agent', text: 'agent: { insecure: true }', says: /unknown key "insecure"/ },
      { run: 'agent', text: 'agent: { join_token: "a b" }', says: /agent\.join_token: .*printable ASCII/ },
      { run: 'agent', text: 'plugins: { NodeAttestor: {} }', says: /plugins\.NodeAttestor: not one node attestor/ },
    ];
    for (const { run, text, says } of files) {
      it(`${run}: ${text}`, async () => {
        await writeFile(place('wrong.yaml'), text);
        const flags = ['--config', place('wrong.yaml'), '--data-dir', place('untouched')];
        const { code, stdout, stderr } = await (run === 'server'
          ? deployment.runServer(flags)
          : deployment.runAgent(flags));
        assert.deepEqual([code, stdout], [1, '']);
        assert.match(stderr, says);
        assert.equal(existsSync(place('untouched')), false);
      });
    }
  });

  describe('what an agent joins by', () => {
    const cases = [
      { name: 'a token file that is not there', token: undefined, says: /join token file .* cannot be read/ },
      { name: 'an empty token file', token: '\n', says: /join token is empty/ },
      { name: 'an unknown token', token: 'never-made', says: /join token does not exist or has already been used/ },
      { name: 'a token of another alphabet', token: '../../web', says: /refused the node attestation/ },
      { name: 'a trust bundle that is not there', bundle: undefined, says: /trust bundle/ },
      { name: 'a trust bundle without certificates', bundle: 'nothing', says: /trust bundle|PEM/ },
    ];
    for (const one of cases) {
      it(one.name, async () => {
        const folder = place(`join ${one.name}`.replaceAll(' ', '-'));
        await mkdir(folder);
        const [token, bundle] = [join(folder, 'token'), join(folder, 'bundle.pem')];
        const tokenText = 'token' in one ? one.token : 'never-made';
        if (tokenText !== undefined) await writeFile(token, tokenText, { mode: 0o600 });
        const pem = 'bundle' in one ? one.bundle : await deployment.admin('bundle', 'show');
        if (pem !== undefined) await writeFile(bundle, pem);
        const where = ['--server-address', '127.0.0.1', '--server-port', String(deployment.port)];
        const own = ['--data-dir', join(folder, 'data'), '--socket-path', join(folder, 's', 'api.sock')];
        const { code, stderr } = await deployment.runAgent([
          ...['--trust-domain', 'example.org', ...where, ...own],
          ...['--join-token-file', token, '--trust-bundle', bundle],
        ]);
        assert.equal(code, 1, stderr);
        assert.match(stderr, one.says);
      }).timeout(10_000);
    }
  });

  describe('certificate requests', () => {
    const uris = [`${td}/web`];
    const made = async (names: { uris?: string[]; dnsNames?: string[] }): Promise<Buffer> =>
      createCertificateRequest(names, await generateKey('ec-p256'));
    const requests = [
      { name: 'nothing', csr: () => Buffer.alloc(0), says: /CSR/ },
      { name: 'garbage', csr: () => Buffer.from('garbage'), says: /malformed CSR/ },
      {
        name: 'trailing bytes',
        csr: async () => Buffer.concat([await made({ uris }), Buffer.of(0)]),
        says: /malformed CSR/,
      },
      {
        name: 'a signature that is not its own',
        csr: async () => {
          const csr = await made({ uris });
          csr[csr.length - 1]! ^= 1;
          return csr;
        },
        says: /CSR/,
      },
      { name: 'no ID', csr: () => made({}), says: /URI|SPIFFE/ },
      { name: 'two IDs', csr: () => made({ uris: [...uris, `${td}/other`] }), says: /URI/ },
      {
        name: 'an ID of another trust domain',
        csr: () => made({ uris: ['spiffe://other.org/web'] }),
        says: /other\.org|member/,
      },
      { name: 'the ID of a server', csr: () => made({ uris: [`${td}/spire/server`] }), says: /SPIFFE|spire|reserved/i },
      { name: 'a DNS name that is none', csr: () => made({ uris, dnsNames: ['a..b'] }), says: /DNS/ },
    ];
    it('are signed when they are good', async () => {
      assert.ok((await call(admin.svids, 'MintX509SVID', { csr: await made({ uris }) })).svid);
    });
    for (const { name, csr, says } of requests) {
      it(`with ${name} are refused as INVALID_ARGUMENT`, async () => {
        await assert.rejects(call(admin.svids, 'MintX509SVID', { csr: await csr() }), (error: ServiceError) => {
          assert.equal(error.code, status.INVALID_ARGUMENT);
          assert.match(error.details, says);
          return true;
        });
      });
    }
  });
});
