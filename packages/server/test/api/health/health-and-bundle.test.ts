import assert from 'node:assert/strict';
import { Certificate } from '@credence/sdk/x509';
import { refusal } from '../support/refusal.js';
import { channel } from '../support/test-agent.js';
import { call, TestServer } from '../support/test-server.js';

describe('Bundle and Health', () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server[Symbol.asyncDispose]());

  it('give everybody the bundle of the trust domain', async () => {
    const { bundles } = server.remote(await channel(server));
    const bundle = await call(bundles, 'GetBundle', {});
    assert.equal(bundle.trust_domain, 'example.org');
    assert.equal(bundle.refresh_hint, '0');
    assert.equal(bundle.x509_authorities.length, 1);
    const authority = Certificate.parse(bundle.x509_authorities[0]!.asn1);
    assert.deepEqual(authority.subjectAltNames.uris, ['spiffe://example.org']);
  });

  it('mask the bundle, but always name its trust domain', async () => {
    const { bundles } = server.local;
    const masked = await call(bundles, 'GetBundle', { output_mask: {} });
    assert.deepEqual([masked.trust_domain, masked.x509_authorities], ['example.org', []]);
  });

  it('say on the admin socket that the server is healthy', async () => {
    const { health } = server.local;
    assert.equal((await call(health, 'Check', {})).status, 'SERVING');
    assert.equal(
      await refusal(call(health, 'Check', { service: 'x' })),
      'INVALID_ARGUMENT: per-service health is not supported',
    );
    const watched = (health.Watch({}).iterator() as AsyncIterator<unknown>).next();
    assert.match(await refusal(watched), /^UNIMPLEMENTED: /);
  });

  it('keep health off the TLS listener', async () => {
    const { health } = server.remote(await channel(server));
    assert.match(await refusal(call(health, 'Check', {})), /^UNIMPLEMENTED: /);
  });
});
