// Certificate requests with a weak, foreign or impossible key, without proof of possession, or that are not DER: refused by
// every RPC that signs, and nothing is signed. A real server, over mutual TLS.
import assert from 'node:assert/strict';
import { generateKeyPair as generate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { status, type ServiceError } from '@grpc/grpc-js';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { Certificate } from '@credence/sdk/x509';
import { CsrSenders, signingRpcs } from '../support/csr-senders.js';
import {
  attribute,
  bits,
  der,
  extension,
  extensionRequest,
  forgeRequest,
  generalName,
  names,
  oid,
  sequence,
} from '../support/forged-request.js';
import { call, newRequest } from '../support/grpc.js';
import { named, refusal } from '../support/rogue-scene.js';

const generateKeyPair = promisify(generate);
const key = await generateKey('ec-p256');
const own = publicKeyInfoOf(key);
const uri = generalName.uri('spiffe://example.org/victim');
const padding = (length: number): Buffer => attribute('1.2.840.113549.1.9.7', der(0x0c, Buffer.alloc(length, 0x61)));

async function rsaOf(modulusLength: number): Promise<KeyObject> {
  return (await generateKeyPair('rsa', { modulusLength })).privateKey;
}

async function ecOf(namedCurve: string): Promise<KeyObject> {
  return (await generateKeyPair('ec', { namedCurve })).privateKey;
}

/** A key of RSA by its modulus alone: to make a real one of this size takes minutes. */
function rsaKeyInfo(modulusBits: number, exponent = Buffer.of(1, 0, 1)): Buffer {
  const modulus = Buffer.concat([Buffer.of(0, 0x80), Buffer.alloc(modulusBits / 8 - 1, 1)]);
  return sequence(sequence(oid('1.2.840.113549.1.1.1'), der(5)), bits(sequence(der(2, modulus), der(2, exponent))));
}

function ecKeyInfo(curve: Buffer, point: Buffer): Buffer {
  return sequence(sequence(oid('1.2.840.10045.2.1'), curve), bits(point));
}

const p256 = oid('1.2.840.10045.3.1.7');
const point = own.subarray(-65);

describe('keys and encodings of certificate requests', () => {
  let senders: CsrSenders;

  before(async () => {
    senders = await CsrSenders.create();
  });

  after(() => senders[Symbol.asyncDispose]());

  describe('by a key of a kind that is accepted', () => {
    const accepted: readonly { name: string; make: () => Promise<KeyObject> }[] = [
      { name: 'P-256', make: () => ecOf('P-256') },
      { name: 'P-384', make: () => ecOf('P-384') },
      { name: 'P-521', make: () => ecOf('P-521') },
      { name: 'RSA of 2048 bits', make: () => rsaOf(2048) },
      { name: 'Ed25519', make: async () => (await generateKeyPair('ed25519')).privateKey },
    ];
    for (const { name, make } of accepted) {
      it(`${name}: certify it and no other`, async () => {
        const other = await make();
        for (const rpc of signingRpcs) {
          const csr = forgeRequest({ key: other, attributes: [names(uri)] });
          const certificate = Certificate.parse(await senders.sign(rpc, csr, other));
          assert.deepEqual(certificate.publicKeyInfo, publicKeyInfoOf(other));
        }
      });
    }
  });

  describe('are refused, and nothing is signed', () => {
    const good = newRequest(key);
    const outer = (csr: Buffer): Buffer => csr.subarray(csr.length - lengthOfContent(csr));
    const tampered = (change: (csr: Buffer) => void): Buffer => {
      const copy = Buffer.from(good);
      change(copy);
      return copy;
    };
    const withKey = (publicKeyInfo: Buffer): Buffer => forgeRequest({ key, publicKeyInfo });
    const refused: readonly { name: string; csr: () => Buffer | Promise<Buffer>; says: RegExp }[] = [
      { name: 'RSA of 16384 bits', csr: () => withKey(rsaKeyInfo(16_384)), says: /RSA of 16384 bits|longer than/ },
      { name: 'RSA of 8200 bits', csr: () => withKey(rsaKeyInfo(8200)), says: /RSA of 8200 bits/ },
      { name: 'RSA of 1024 bits', csr: async () => forgeRequest({ key: await rsaOf(1024) }), says: /RSA of 1024 bits/ },
      { name: 'RSA with the exponent 1', csr: () => withKey(rsaKeyInfo(2048, Buffer.of(1))), says: /exponent/ },
      { name: 'secp256k1', csr: () => withKey(ecKeyInfo(oid('1.3.132.0.10'), point)), says: /has the curve/ },
      {
        name: 'P-224',
        csr: () => withKey(ecKeyInfo(oid('1.3.132.0.33'), point.subarray(0, 57))),
        says: /has the curve/,
      },
      {
        name: 'a curve of its own',
        csr: () => withKey(ecKeyInfo(sequence(der(2, Buffer.of(1))), point)),
        says: /named curve/,
      },
      {
        name: 'Ed448',
        csr: () => withKey(sequence(sequence(oid('1.3.101.113')), bits(Buffer.alloc(57)))),
        says: /algorithm/,
      },
      {
        name: 'a key of DSA',
        csr: () => withKey(sequence(sequence(oid('1.2.840.10040.4.1')), bits(der(2, Buffer.of(1))))),
        says: /algorithm/,
      },
      {
        name: 'a point that is not on its curve',
        csr: () => withKey(ecKeyInfo(p256, Buffer.concat([Buffer.of(4), Buffer.alloc(64, 0x11)]))),
        says: /not a valid key/,
      },
      { name: 'the point at infinity', csr: () => withKey(ecKeyInfo(p256, Buffer.of(0))), says: /uncompressed point/ },
      {
        name: 'a compressed point',
        csr: () => withKey(ecKeyInfo(p256, Buffer.concat([Buffer.of(2), point.subarray(1, 33)]))),
        says: /uncompressed point/,
      },
      {
        name: 'coordinates beyond the field',
        csr: () => withKey(ecKeyInfo(p256, Buffer.concat([Buffer.of(4), Buffer.alloc(64, 0xff)]))),
        says: /not a valid key/,
      },
      {
        name: "another's key",
        csr: async () => withKey(publicKeyInfoOf(await generateKey('ec-p256'))),
        says: /invalid CSR signature/,
      },
      {
        name: 'a signature changed by one bit',
        csr: () => tampered((csr) => (csr[csr.length - 1]! ^= 1)),
        says: /signature/,
      },
      { name: 'a signature of zeros', csr: () => tampered((csr) => csr.fill(0, csr.length - 32)), says: /signature/ },
      {
        name: 'a signature algorithm that is unknown',
        csr: () => forgeRequest({ key, algorithm: sequence(oid('1.2.840.10045.4.1')) }),
        says: /algorithm/,
      },
      { name: 'version 2', csr: () => forgeRequest({ key, version: 1 }), says: /version/ },
      { name: 'nothing', csr: () => Buffer.alloc(0), says: /missing CSR/ },
      { name: 'an empty sequence', csr: () => sequence(), says: /malformed CSR/ },
      { name: 'a length that is not there', csr: () => good.subarray(0, -1), says: /malformed CSR/ },
      { name: 'something after its end', csr: () => Buffer.concat([good, Buffer.of(0)]), says: /malformed CSR/ },
      { name: 'PEM', csr: () => Buffer.from('-----BEGIN CERTIFICATE REQUEST-----'), says: /malformed CSR/ },
      {
        name: 'BER of indefinite length',
        csr: () => Buffer.concat([Buffer.of(0x30, 0x80), outer(good), Buffer.alloc(2)]),
        says: /malformed CSR/,
      },
      {
        name: 'BER with a length in more bytes than it needs',
        csr: () => Buffer.concat([Buffer.of(0x30, 0x83, 0, 0, good[2]!), outer(good)]),
        says: /malformed CSR/,
      },
      { name: 'a thousand sequences in one another', csr: () => nested(1000), says: /malformed CSR/ },
      {
        name: 'two requests for extensions',
        csr: () => forgeRequest({ key, attributes: [names(uri), names(uri)] }),
        says: /extensions twice/,
      },
      {
        name: 'two lists of names',
        csr: () =>
          forgeRequest({
            key,
            attributes: [
              extensionRequest(extension('2.5.29.17', sequence(uri)), extension('2.5.29.17', sequence(uri))),
            ],
          }),
        says: /malformed CSR/,
      },
      {
        name: '17 KB of attributes',
        csr: () => forgeRequest({ key, attributes: [padding(17_000)] }),
        says: /longer than 16384 bytes/,
      },
      {
        name: '1 MB of attributes',
        csr: () => forgeRequest({ key, attributes: [padding(1_000_000)] }),
        says: /longer than 16384 bytes/,
      },
    ];

    for (const rpc of signingRpcs) {
      // Before it attests, a caller may send 64 KiB.
      const sent = refused.filter(({ name }) => rpc !== 'AttestAgent' || !name.startsWith('1 MB'));
      for (const { name, csr, says } of sent) {
        it(`by ${rpc}: ${name}`, async () => {
          const bytes = await csr();
          const error: ServiceError = await senders.scene.nothingFrom(() => refusal(senders.sign(rpc, bytes, key)));
          assert.equal(error.code, status.INVALID_ARGUMENT, error.details);
          assert.match(error.details, says);
        });
      }
    }

    it('with 4 MB of attributes, which are not even read', async () => {
      const csr = forgeRequest({ key, attributes: [padding(5_000_000)] });
      const error = await senders.scene.nothingFrom(() =>
        refusal(call(senders.agent.agents, 'RenewAgent', { params: { csr } })),
      );
      assert.equal(error.code, status.RESOURCE_EXHAUSTED);
      await call(senders.agent.agents, 'PostStatus', {});
    });

    it('in a batch, without harm to the others', async () => {
      const csrs = [await refused[0]!.csr(), good, await refused[9]!.csr(), good];
      const params = csrs.map((csr) => ({ entry_id: 'own', csr }));
      const { results } = await call(senders.agent.svids, 'BatchNewX509SVID', { params });
      const codes = [status.INVALID_ARGUMENT, status.OK, status.INVALID_ARGUMENT, status.OK];
      assert.deepEqual(
        results.map((result) => result.status?.code),
        codes,
      );
      assert.deepEqual(results[1]?.svid?.id, named('/own'));
    });

    it('by the hundred, and others are served meanwhile', async () => {
      const csr = await refused[0]!.csr();
      const params = Array.from({ length: 400 }, () => ({ entry_id: 'own', csr }));
      const flood = call(senders.agent.svids, 'BatchNewX509SVID', { params });
      await call(senders.agent.agents, 'PostStatus', {});
      assert.ok((await flood).results.every((result) => result.status?.code === status.INVALID_ARGUMENT));
    });
  });
});

function lengthOfContent(value: Buffer): number {
  return value.length - (value.readUInt8(1) < 0x80 ? 2 : 2 + (value.readUInt8(1) & 0x7f));
}

function nested(depth: number): Buffer {
  let value = sequence();
  for (let level = 0; level < depth; level++) value = sequence(value);
  return value;
}
