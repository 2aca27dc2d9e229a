import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { isSpiffeError, X509Svid } from '@credence/sdk';
import { exportPrivateKey, generateKey } from '@credence/sdk/keys';
import { TestCa } from '@credence/sdk/testing';
import { temporaryDirectory } from '../support/temporary-directory.js';

describe('X509Svid', () => {
  let ca: TestCa;
  before(async () => {
    ca = await TestCa.create('a.test');
  });

  it('round-trips through DER and through PEM, intermediates too', async () => {
    const svid = await (await ca.childCa()).x509Svid('/w', { hint: 'internal' });
    const copies = [
      X509Svid.parseRaw(svid.certChainDer(), svid.privateKeyDer(), 'internal'),
      X509Svid.parse(svid.certChainPem(), svid.privateKeyPem(), 'internal'),
    ];
    for (const copy of copies) {
      assert.deepEqual(copy.toJSON(), svid.toJSON());
      assert.equal(copy.certificates.length, 2);
      assert.ok(copy.privateKey.equals(svid.privateKey));
    }
    assert.equal(svid.expiresAt, svid.leaf.notAfter);
  });

  it('loads two files', async () => {
    await using directory = await temporaryDirectory();
    const svid = await ca.x509Svid('/w');
    const [certificates, key] = [join(directory.path, 'svid.pem'), join(directory.path, 'key.pem')];
    await writeFile(certificates, svid.certChainPem());
    await writeFile(key, svid.privateKeyPem(), { mode: 0o600 });
    assert.deepEqual((await X509Svid.load(certificates, key, 'h')).toJSON(), { ...svid.toJSON(), hint: 'h' });
    await assert.rejects(X509Svid.load(certificates, certificates), { code: 'ERR_SPIFFE_ENCODING' });
    await assert.rejects(X509Svid.load(join(directory.path, 'absent'), key), { code: 'ENOENT' });
  });

  it('parses when expired: expiry is for whoever uses it', async () => {
    const svid = await ca.x509Svid('/w', { notBefore: new Date(0), notAfter: new Date(1000) });
    assert.equal(svid.expiresAt.getTime(), 1000);
  });

  it('shows no key when it is inspected or turned into JSON', async () => {
    const svid = await ca.x509Svid('/w');
    const pkcs8 = svid.privateKeyDer();
    const shown = [inspect(svid, { depth: 9, showHidden: true, getters: true }), JSON.stringify(svid)].join();
    assert.ok(shown.includes('spiffe://a.test/w'));
    const secret = pkcs8.subarray(36, 68);
    for (const encoding of ['hex', 'base64'] as const)
      assert.ok(!shown.includes(secret.toString(encoding).slice(0, 20)));
    assert.doesNotMatch(shown, /PrivateKey/i);
  });

  it('refuses a key of another certificate', async () => {
    const svid = await ca.x509Svid('/w');
    const other = exportPrivateKey(await generateKey('ec-p256'));
    assert.throws(
      () => X509Svid.parseRaw(svid.certChainDer(), other),
      (error) => isSpiffeError(error, 'ERR_SPIFFE_KEY'),
    );
  });

  it('takes the key as whoever made it has it, if it is the private one of the leaf', async () => {
    const svid = await ca.x509Svid('/w');
    const { privateKey } = svid;
    assert.equal(X509Svid.parseRaw(svid.certChainDer(), privateKey).privateKey, privateKey);
    for (const other of [createPublicKey(privateKey), await generateKey('ec-p256'), await generateKey('rsa-2048')]) {
      assert.throws(
        () => X509Svid.parseRaw(svid.certChainDer(), other),
        (error) => isSpiffeError(error, 'ERR_SPIFFE_KEY'),
      );
    }
  });

  it('refuses no certificate, a leaf in the place of an intermediate, and a CA in the place of the leaf', async () => {
    const svid = await ca.x509Svid('/w');
    const key = svid.privateKeyDer();
    const twice = Buffer.concat([svid.certChainDer(), svid.certChainDer()]);
    const [caDer, caKey] = [ca.certificate.raw, exportPrivateKey(ca.key)];
    for (const [certificates, pkcs8, reason] of [
      [Buffer.alloc(0), key, 'empty-chain'],
      [twice, key, 'issuer-not-ca'],
      [caDer, caKey, 'spiffe-id'],
    ] as const) {
      assert.throws(
        () => X509Svid.parseRaw(certificates, pkcs8),
        (error) => isSpiffeError(error, 'ERR_SPIFFE_VERIFY') && error.details['reason'] === reason,
      );
    }
  });

  it('refuses PEM with a wrong number of keys', async () => {
    const svid = await ca.x509Svid('/w');
    for (const key of ['', svid.privateKeyPem().repeat(2)]) {
      assert.throws(
        () => X509Svid.parse(svid.certChainPem(), key),
        (error) => isSpiffeError(error, 'ERR_SPIFFE_ENCODING'),
      );
    }
  });
});
