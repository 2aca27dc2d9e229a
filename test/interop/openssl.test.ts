// What we issue, as OpenSSL sees it.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { endOf, program } from './programs.js';

describe('OpenSSL', function () {
  let deployment: Deployment;
  let openssl: string;

  before(async function () {
    openssl = program(this, 'openssl');
    deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.startAgent();
    await deployment.createEntry('/web', '--dns', 'web.example.org', '--dns', 'www.example.org');
    const fetch = ['api', 'fetch', 'x509', '--write', deployment.folder, '--silent'];
    await until('the entry to reach the agent', async () => {
      const { code } = await deployment.agent(...fetch, '--socket-path', deployment.workloadSocket());
      return code === 0;
    });
  });
  after(() => endOf(deployment));

  const run = (...args: string[]) => new Child(openssl, args).finished;
  const file = (name: string): string => join(deployment.folder, name);

  for (const purpose of ['sslserver', 'sslclient']) {
    it(`verifies the X.509-SVID as ${purpose}`, async () => {
      const { code, stdout } = await run(
        ...['verify', '-x509_strict', '-purpose', purpose, '-CAfile', file('bundle.0.pem'), file('svid.0.pem')],
      );
      assert.equal(code, 0);
      assert.match(stdout, /: OK/);
    });
  }

  it('refuses the X.509-SVID below another authority', async () => {
    const { code } = await run('verify', '-CAfile', file('svid.0.pem'), file('svid.0.pem'));
    assert.notEqual(code, 0);
  });

  it('shows exactly the extensions of the X.509-SVID profile (X509-SVID §4)', async () => {
    const { stdout } = await run('x509', '-in', file('svid.0.pem'), '-noout', '-text');
    const [, extensions = ''] = stdout.split('X509v3 extensions:');
    const headings = [...extensions.matchAll(/X509v3 ([^:]+):( critical)?/g)].map(
      (match) => `${match[1] ?? ''}${match[2] ?? ''}`,
    );
    assert.deepEqual(headings, [
      'Key Usage critical',
      'Extended Key Usage',
      'Basic Constraints critical',
      'Subject Key Identifier',
      'Authority Key Identifier',
      'Subject Alternative Name',
    ]);
    assert.match(extensions, /Digital Signature, Key Encipherment, Key Agreement\n/);
    assert.match(extensions, /TLS Web Server Authentication, TLS Web Client Authentication\n/);
    assert.match(extensions, /CA:FALSE\n/);
    assert.match(
      extensions,
      /URI:spiffe:\/\/example.org\/web, DNS:web.example.org, DNS:www.example.org|DNS:web.example.org, DNS:www.example.org, URI:spiffe:\/\/example.org\/web/,
    );
    assert.match(stdout, /Subject: .*CN ?= ?web\.example\.org/);
  });

  it('reads a PKCS#8 key that belongs to the certificate', async () => {
    const fromKey = await run('pkey', '-in', file('svid.0.key'), '-pubout');
    const fromCertificate = await run('x509', '-in', file('svid.0.pem'), '-noout', '-pubkey');
    assert.equal(fromKey.stdout, fromCertificate.stdout);
    assert.match(fromKey.stdout, /BEGIN PUBLIC KEY/);
  });
});
