import 'reflect-metadata';
import assert from 'node:assert/strict';
import { generateKeyPair, webcrypto, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import * as peculiar from '@peculiar/x509';
import fc from 'fast-check';
import { isSpiffeError } from '@credence/sdk';
import { generateKey, publicKeyInfoOf, type KeyType } from '@credence/sdk/keys';
import { CertificateRequest, createCertificateRequest, encodeName } from '@credence/sdk/x509';

const makePair = promisify(generateKeyPair);
const names = { subject: { commonName: 'w' }, uris: ['spiffe://a.test/w'], dnsNames: ['w.test', 'v.test'] };

describe('CertificateRequest', () => {
  for (const type of ['ec-p256', 'ec-p384', 'rsa-2048'] satisfies KeyType[]) {
    it(`round-trips and proves possession of ${type} (RFC 2986)`, async () => {
      const key = await generateKey(type);
      const der = createCertificateRequest(names, key);
      const request = CertificateRequest.parse(der);
      assert.deepEqual(request.subject, encodeName(names.subject));
      assert.deepEqual(request.publicKeyInfo, publicKeyInfoOf(key));
      assert.deepEqual([request.uriSans, request.dnsNames], [names.uris, names.dnsNames]);
      assert.ok(request.verify());
      assert.ok(await new peculiar.Pkcs10CertificateRequest(der).verify());
    });
  }

  it('reads one made by @peculiar/x509, with and without names', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
    const san = new peculiar.SubjectAlternativeNameExtension([{ type: 'url', value: 'spiffe://a.test/w' }]);
    for (const extensions of [[], [san]]) {
      const made = await peculiar.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm, extensions });
      const request = CertificateRequest.parse(new Uint8Array(made.rawData));
      assert.deepEqual(request.uriSans, extensions.length === 0 ? [] : ['spiffe://a.test/w']);
      assert.ok(request.verify());
    }
  });

  it('asks for no names when none are given', async () => {
    const request = CertificateRequest.parse(createCertificateRequest({}, await generateKey('ec-p256')));
    assert.deepEqual([request.uriSans, request.dnsNames, request.subject], [[], [], Buffer.of(0x30, 0)]);
  });

  it('does not verify when signed by another key (RFC 2986 §4.2)', async () => {
    const [mine, theirs] = [await generateKey('ec-p256'), await generateKey('ec-p256')];
    const der = createCertificateRequest(names, mine);
    assert.ok(CertificateRequest.parse(der).verify());
    const stolen = Buffer.from(der);
    publicKeyInfoOf(theirs).copy(stolen, stolen.indexOf(publicKeyInfoOf(mine)));
    assert.equal(CertificateRequest.parse(stolen).verify(), false);
  });

  it('refuses to verify a point that is not on its curve', async () => {
    const key = await generateKey('ec-p256');
    const der = Buffer.from(createCertificateRequest(names, key));
    der[der.indexOf(publicKeyInfoOf(key)) + 90]! ^= 1;
    assert.throws(
      () => CertificateRequest.parse(der).verify(),
      (error) => isSpiffeError(error, 'ERR_SPIFFE_KEY'),
    );
  });

  const weak: readonly (readonly [string, () => Promise<{ privateKey: KeyObject }>])[] = [
    ['RSA of 1024 bits', () => makePair('rsa', { modulusLength: 1024 })],
    ['RSA of 512 bits', () => makePair('rsa', { modulusLength: 512 })],
  ];
  for (const [title, make] of weak) {
    it(`refuses ${title}`, async () => {
      const { privateKey } = await make();
      assert.throws(
        () => CertificateRequest.parse(createCertificateRequest(names, privateKey)),
        (error) => isSpiffeError(error, 'ERR_SPIFFE_KEY') && error.message.includes('2048 to 8192'),
      );
    });
  }

  it('refuses trailing bytes, and a request longer than 64 KiB', async () => {
    const der = createCertificateRequest(names, await generateKey('ec-p256'));
    CertificateRequest.parse(der);
    for (const tail of [1, 65_536]) {
      assert.throws(
        () => CertificateRequest.parse(Buffer.concat([der, Buffer.alloc(tail)])),
        (error) => isSpiffeError(error, 'ERR_SPIFFE_ENCODING'),
      );
    }
  });

  it('throws only its own errors when a byte changes, and then never verifies as another request', async () => {
    const der = createCertificateRequest(names, await generateKey('ec-p256'));
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), (position, octet) => {
        const mutated = Buffer.from(der);
        mutated[position] = octet;
        try {
          assert.equal(CertificateRequest.parse(mutated).verify(), mutated.equals(der));
        } catch (error) {
          assert.ok(isSpiffeError(error), String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
