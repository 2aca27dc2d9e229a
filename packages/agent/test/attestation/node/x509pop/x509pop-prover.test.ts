import assert from 'node:assert/strict';
import { constants, verify, type KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportPrivateKey } from '@credence/sdk/keys';
import { systemRandom } from '@credence/sdk/runtime';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import { Certificate, toPem } from '@credence/sdk/x509';
import { X509PopProver } from '../../../../dist/attestation/node/x509pop/x509pop-prover.js';
import { temporaryDirectory } from '../../../../../sdk/dist-test/support/temporary-directory.js';

const nonce = Buffer.alloc(32, 7);
const challenge = (kind: 'rsa' | 'ecdsa', bytes = nonce): Buffer =>
  Buffer.from(JSON.stringify({ [`${kind}_signature`]: { nonce: bytes.toString('base64') } }));

interface Files {
  readonly prover: X509PopProver;
  readonly key: KeyObject;
  readonly chain: readonly Buffer[];
  readonly path: (name: string) => string;
}

async function withFiles(
  keyType: 'ec-p256' | 'ec-p384' | 'rsa-2048',
  work: (files: Files) => Promise<void>,
): Promise<void> {
  await using directory = await temporaryDirectory();
  const path = (name: string): string => join(directory.path, name);
  const issuing = await (await TestCa.create('pki.test')).childCa();
  const { chain, privateKey: key } = await issuing.credential('/n', { keyType });
  await writeFile(path('certificate'), toPem(chain[0]!, 'CERTIFICATE'));
  await writeFile(path('intermediates'), toPem(chain[1]!, 'CERTIFICATE'));
  await writeFile(path('key'), toPem(exportPrivateKey(key), 'PRIVATE KEY'));
  const prover = new X509PopProver({
    identity: {
      kind: 'files',
      privateKeyPath: path('key'),
      certificatePath: path('certificate'),
      intermediatesPath: path('intermediates'),
    },
    random: systemRandom,
  });
  await work({ prover, key, chain, path });
}

interface ResponseMessage {
  readonly rsa_signature: { readonly nonce: string; readonly signature: string } | null;
  readonly ecdsa_signature: { readonly nonce: string; readonly r: string; readonly s: string } | null;
}

const bytes = (text = ''): Buffer => Buffer.from(text, 'base64');

describe('x509pop prover', () => {
  it('sends its certificates, leaf first', () =>
    withFiles('ec-p256', async ({ prover, chain }) => {
      assert.equal(prover.type, 'x509pop');
      const { certificates } = JSON.parse((await prover.payload()).toString()) as { certificates: string[] };
      assert.deepEqual(certificates.map(bytes), [...chain]);
    }));

  for (const keyType of ['ec-p256', 'ec-p384'] as const) {
    it(`signs both nonces with a key of the type ${keyType}, as r and s`, () =>
      withFiles(keyType, async ({ prover, chain }) => {
        await prover.payload();
        const answer = JSON.parse((await prover.respond(challenge('ecdsa'))).toString()) as ResponseMessage;
        assert.equal(answer.rsa_signature, null);
        const { nonce: own, r, s } = answer.ecdsa_signature!;
        assert.equal(bytes(own).length, 32);
        const key = Certificate.parse(chain[0]!).publicKey;
        const signature = Buffer.concat([bytes(r), bytes(s)]);
        const signed = Buffer.concat([nonce, bytes(own)]);
        assert.ok(verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature));
      }));
  }

  it('signs both nonces with an RSA key by PSS', () =>
    withFiles('rsa-2048', async ({ prover, chain }) => {
      await prover.payload();
      const answer = JSON.parse((await prover.respond(challenge('rsa'))).toString()) as ResponseMessage;
      assert.equal(answer.ecdsa_signature, null);
      const { nonce: own, signature } = answer.rsa_signature!;
      const { publicKey: key } = Certificate.parse(chain[0]!);
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      assert.ok(verify('sha256', Buffer.concat([nonce, bytes(own)]), { key, padding }, bytes(signature)));
    }));

  it('never signs the same bytes twice, whatever the server asks', () =>
    withFiles('ec-p256', async ({ prover }) => {
      await prover.payload();
      const [one, two] = await Promise.all([prover.respond(challenge('ecdsa')), prover.respond(challenge('ecdsa'))]);
      const own = (text: Buffer) => (JSON.parse(text.toString()) as ResponseMessage).ecdsa_signature?.nonce;
      assert.notEqual(own(one), own(two));
    }));

  const wrong: readonly [string, Buffer][] = [
    ['no JSON', Buffer.from('x')],
    ['for another kind of key', challenge('rsa')],
    ['with a nonce that is too short', challenge('ecdsa', Buffer.alloc(31))],
    ['with a nonce that is too long', challenge('ecdsa', Buffer.alloc(64))],
  ];
  for (const [name, message] of wrong) {
    it(`answers no challenge ${name}`, () =>
      withFiles('ec-p256', async ({ prover }) => {
        await prover.payload();
        await assert.rejects(prover.respond(message), { code: 'ERR_SERVER_RESPONSE' });
      }));
  }

  it('takes keys of the forms SEC 1 and PKCS#1', async () => {
    for (const [keyType, type] of [
      ['ec-p256', 'sec1'],
      ['rsa-2048', 'pkcs1'],
    ] as const) {
      await withFiles(keyType, async ({ prover, key, path }) => {
        await writeFile(path('key'), key.export({ type, format: 'pem' }));
        await prover.payload();
      });
    }
  });

  it('may have the X.509-SVID of a Workload API, the newest for each attestation', async () => {
    await using api = await FakeWorkloadApi.start();
    const prover = new X509PopProver({
      identity: { kind: 'workload_api', address: api.address },
      random: systemRandom,
    });
    await assert.rejects(prover.payload(), {
      code: 'ERR_BOOTSTRAP',
      message: /the Workload API at unix:.* cannot be used: /,
    });
    const ca = await TestCa.create('example.org');
    for (const path of ['/spire-exchange/one', '/spire-exchange/two']) {
      const svid = await ca.x509Svid(path);
      api.setX509([svid], [ca.bundle()]);
      const { certificates } = JSON.parse((await prover.payload()).toString()) as { certificates: string[] };
      assert.deepEqual(certificates.map(bytes), [svid.leaf.raw]);
      const { ecdsa_signature: response } = JSON.parse(
        (await prover.respond(challenge('ecdsa'))).toString(),
      ) as ResponseMessage;
      const signature = Buffer.concat([bytes(response?.r), bytes(response?.s)]);
      const signed = Buffer.concat([nonce, bytes(response?.nonce)]);
      assert.ok(verify('sha256', signed, { key: svid.leaf.publicKey, dsaEncoding: 'ieee-p1363' }, signature));
    }
  });

  it('says which file cannot be used, and why, without a byte of a key', () =>
    withFiles('ec-p256', async ({ prover, key, path }) => {
      const other = await (await TestCa.create('pki.test')).credential('/n');
      const encrypted = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' });
      const defects: readonly [string, string | Buffer, RegExp][] = [
        ['key', encrypted, /key cannot be used: .*it is encrypted/],
        ['key', 'nothing', /key cannot be used: .*0 private keys/],
        ['key', toPem(exportPrivateKey(other.privateKey), 'PRIVATE KEY'), /the key is not that of /],
        ['certificate', '', /certificate cannot be used: it holds no certificate/],
      ];
      for (const [name, content, message] of defects) {
        await writeFile(path(name), content);
        await assert.rejects(prover.payload(), { code: 'ERR_BOOTSTRAP', message });
      }
    }));
});
