import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { TestCa } from '@credence/sdk/testing';
import { createCertificateRequest } from '@credence/sdk/x509';
import type { JWTKey } from '@credence/sdk/wire/gen/spire/api/types/JWTKey.js';
import { refusal } from '../support/refusal.js';
import { channel, joinAgent } from '../support/test-agent.js';
import { call, TestServer } from '../support/test-server.js';

const publicKey = publicKeyInfoOf(await generateKey('ec-p256'));
const jwtKey = (more: Partial<JWTKey> = {}): JWTKey => ({
  public_key: publicKey,
  key_id: randomBytes(8).toString('hex'),
  expires_at: '4102444800',
  ...more,
});

describe('the own bundle', () => {
  let server: TestServer;
  before(async () => {
    server = await TestServer.start();
  });
  after(() => server[Symbol.asyncDispose]());

  it('is counted', async () => {
    assert.equal((await call(server.local.bundles, 'CountBundles', {})).count, 1);
  });

  it('takes further authorities, each once, never as tainted', async () => {
    const { bundles } = server.local;
    const before = await call(bundles, 'GetBundle', {});
    const ca = await TestCa.create('example.org');
    const x509 = { asn1: ca.certificate.raw, tainted: true };
    const key = jwtKey({ tainted: true });
    const after = await call(bundles, 'AppendBundle', { x509_authorities: [x509], jwt_authorities: [key] });
    assert.deepEqual(after.x509_authorities.at(-1), { asn1: ca.certificate.raw, tainted: false });
    assert.deepEqual(after.jwt_authorities.at(-1), { ...key, tainted: false });
    assert.equal(BigInt(after.sequence_number), BigInt(before.sequence_number) + 1n);
    assert.equal(after.refresh_hint, '0');
    const again = await call(bundles, 'AppendBundle', { x509_authorities: [x509], jwt_authorities: [key] });
    assert.deepEqual(again, after);
    assert.deepEqual(await call(bundles, 'GetBundle', {}), after);
  });

  it('is masked in the answer', async () => {
    const request = { jwt_authorities: [jwtKey()], output_mask: { sequence_number: true } };
    const masked = await call(server.local.bundles, 'AppendBundle', request);
    assert.deepEqual([masked.x509_authorities, masked.jwt_authorities], [[], []]);
    assert.notEqual(masked.sequence_number, '0');
  });

  it('takes no authority that cannot verify anything', async () => {
    const { bundles } = server.local;
    const before = await call(bundles, 'GetBundle', {});
    const ca = await TestCa.create('example.org');
    const leaf = (await ca.x509Svid('spiffe://example.org/web')).leaf.raw;
    const known = before.jwt_authorities[0]!;
    const ed25519 = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), randomBytes(32)]);
    const x509 = 'INVALID_ARGUMENT: failed to convert X.509 authority: ';
    const jwt = 'INVALID_ARGUMENT: failed to convert JWT authority: ';
    const cases = [
      { request: {}, says: 'INVALID_ARGUMENT: no authorities to append' },
      { request: { wit_authorities: [jwtKey()] }, says: 'INVALID_ARGUMENT: no authorities to append' },
      { request: { x509_authorities: [{ asn1: Buffer.from('x') }] }, says: `${x509}asn1: ` },
      { request: { x509_authorities: [{}] }, says: `${x509}asn1: ` },
      { request: { x509_authorities: [{ asn1: leaf }] }, says: `${x509}asn1 is not the certificate of a CA` },
      { request: { jwt_authorities: [jwtKey({ key_id: '' })] }, says: `${jwt}missing key ID` },
      {
        request: { jwt_authorities: [jwtKey({ key_id: 'k'.repeat(256) })] },
        says: `${jwt}key_id is longer than 255 bytes`,
      },
      {
        request: { jwt_authorities: Array.from({ length: 1024 }, () => jwtKey()) },
        says: 'INVALID_ARGUMENT: the bundle would hold more than 1024 authorities',
      },
      { request: { jwt_authorities: [jwtKey({ public_key: Buffer.from('x') })] }, says: `${jwt}public_key: ` },
      { request: { jwt_authorities: [jwtKey({ public_key: ed25519 })] }, says: `${jwt}public_key is Ed25519; ` },
      { request: { jwt_authorities: [jwtKey({ expires_at: '-1' })] }, says: `${jwt}expires_at -1 is no instant` },
      {
        request: { jwt_authorities: [jwtKey({ key_id: known.key_id })] },
        says: `INVALID_ARGUMENT: key ID "${known.key_id}" is that of another JWT authority`,
      },
      {
        request: {
          jwt_authorities: [
            jwtKey({ key_id: 'twice' }),
            jwtKey({ key_id: 'twice', public_key: publicKeyInfoOf(await generateKey('ec-p256')) }),
          ],
        },
        says: 'INVALID_ARGUMENT: key ID "twice" is that of another JWT authority',
      },
    ];
    for (const { request, says } of cases) {
      const text = await refusal(call(bundles, 'AppendBundle', request));
      assert.ok(text.startsWith(says), `${text}; expected ${says}`);
    }
    assert.deepEqual(await call(bundles, 'GetBundle', {}), before);
  });

  it('takes the JWT authority of a downstream server, and of nobody else', async () => {
    const agent = await joinAgent(server);
    const downstream = { trust_domain: 'example.org', path: '/downstream' };
    const entry = {
      parent_id: { trust_domain: 'example.org', path: agent.path },
      spiffe_id: downstream,
      selectors: [{ type: 'unix', value: 'uid:1' }],
      downstream: true,
      id: 'downstream',
    };
    await call(server.local.entries, 'BatchCreateEntry', { entries: [entry] });
    const key = await generateKey('ec-p256');
    const params = [{ entry_id: 'downstream', csr: createCertificateRequest({}, key) }];
    const { results } = await call(agent.clients.svids, 'BatchNewX509SVID', { params });
    const { bundles } = server.remote(await channel(server, { key, chain: results[0]!.svid!.cert_chain }));
    const authority = jwtKey();
    const published = await call(bundles, 'PublishJWTAuthority', { jwt_authority: authority });
    assert.deepEqual(published.jwt_authorities.at(-1), { ...authority, tainted: false });
    assert.deepEqual((await call(server.local.bundles, 'GetBundle', {})).jwt_authorities, published.jwt_authorities);

    assert.equal(await refusal(call(bundles, 'PublishJWTAuthority', {})), 'INVALID_ARGUMENT: missing JWT authority');
    assert.equal(
      await refusal(call(bundles, 'PublishJWTAuthority', { jwt_authority: jwtKey({ key_id: '' }) })),
      'INVALID_ARGUMENT: invalid JWT authority: missing key ID',
    );
    const denied = `${status[status.PERMISSION_DENIED]}: authorization denied`;
    for (const clients of [server.local, agent.clients]) {
      const text = await refusal(call(clients.bundles, 'PublishJWTAuthority', { jwt_authority: jwtKey() }));
      assert.ok(text.startsWith(denied), text);
    }
    assert.ok((await refusal(call(agent.clients.bundles, 'AppendBundle', {}))).startsWith(denied));
  });
});
