import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { TrustDomain } from '@credence/sdk';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { TestCa } from '@credence/sdk/testing';
import { BundleReader } from '../../dist/serverclient/bundle-reader.js';
import { channelCredentials } from '../../dist/serverclient/channel-credentials.js';
import { RecordingLogger } from '../support/recording-logger.js';

const trustDomain = TrustDomain.parse('example.org');

/** The root with another key, as a server sends it; its signature does not matter to who reads it. */
function withKey(root: Buffer, publicKeyInfo: Buffer, key: KeyObject): Buffer {
  const other = key.export({ type: 'spki', format: 'der' });
  const at = root.indexOf(publicKeyInfo);
  const tbsStart = 4;
  const tbsLength = root.readUInt16BE(tbsStart + 2);
  const grown = other.length - publicKeyInfo.length;
  const changed = Buffer.concat([root.subarray(0, at), other, root.subarray(at + publicKeyInfo.length)]);
  changed.writeUInt16BE(root.readUInt16BE(2) + grown, 2);
  changed.writeUInt16BE(tbsLength + grown, tbsStart + 2);
  return changed;
}

function wire(...asn1: readonly Buffer[]): Bundle__Output {
  return {
    trust_domain: 'example.org',
    x509_authorities: asn1.map((certificate) => ({ asn1: certificate, tainted: false })),
    jwt_authorities: [],
    refresh_hint: '0',
    sequence_number: '1',
  } as unknown as Bundle__Output;
}

describe('bundles from the server', () => {
  let root: Buffer;
  let odd: readonly (readonly [string, Buffer])[];

  before(async () => {
    const { raw, publicKeyInfo } = (await TestCa.create(trustDomain)).certificate;
    root = raw;
    const make = promisify(generateKeyPair);
    const rsa = await make('rsa', { modulusLength: 1024 });
    const curve = await make('ec', { namedCurve: 'secp256k1' });
    const offCurve = Buffer.from(raw);
    const point = offCurve.indexOf(publicKeyInfo) + publicKeyInfo.length - 1;
    offCurve.writeUInt8(offCurve.readUInt8(point) ^ 1, point);
    odd = [
      ['RSA of 1024 bits', withKey(raw, publicKeyInfo, rsa.publicKey)],
      ['a curve that is not accepted', withKey(raw, publicKeyInfo, curve.publicKey)],
      ['a point that is not on its curve', offCurve],
      ['bytes that are no certificate', Buffer.from('no certificate')],
      ['two certificates in one', Buffer.concat([raw, raw])],
    ];
  });

  it('are read without the authorities that cannot be used, and still make a connection', () => {
    const log = new RecordingLogger();
    const reader = new BundleReader(log);
    assert.equal(reader.read(wire(root), trustDomain).x509Authorities.length, 1);
    for (const [name, certificate] of odd) {
      const bundle = reader.read(wire(certificate, root), trustDomain);
      assert.deepEqual(bundle.x509Authorities, [{ certificate: root, tainted: false }], name);
      channelCredentials(trustDomain, { bundle, identity: undefined });
    }
    assert.equal(log.count('unusable authority left out of the bundle'), odd.length);
  });

  it('hold the JWT authorities that can be used, by key ID, and which of them are tainted', async () => {
    const log = new RecordingLogger();
    const [first, second] = [(await TestCa.create('a.test')).jwtKey, (await TestCa.create('b.test')).jwtKey];
    const key = (from: KeyObject): Buffer => createPublicKey(from).export({ type: 'spki', format: 'der' });
    const jwt = [
      { key_id: 'b', public_key: key(second), tainted: true },
      { key_id: '', public_key: key(first), tainted: false },
      { key_id: 'odd', public_key: Buffer.from('no key'), tainted: false },
      { key_id: 'a', public_key: key(first), tainted: false },
    ];
    const { jwtBundle, taintedJwtKeyIds } = new BundleReader(log).read(
      { ...wire(root), jwt_authorities: jwt.map((authority) => ({ ...authority, expires_at: '0' })) },
      trustDomain,
    );
    assert.deepEqual(
      jwtBundle.authorities.map(({ keyId }) => keyId),
      ['a', 'b'],
    );
    assert.deepEqual([...taintedJwtKeyIds], ['b']);
    const { problems } = (log.records[0]?.fields ?? {}) as { problems: string[] };
    assert.deepEqual(
      problems.map((problem) => problem.slice(0, 15)),
      ['JWT authority 1', 'JWT authority 2'],
    );
  });

  it('are warned of once, and not in each round', () => {
    const log = new RecordingLogger();
    const reader = new BundleReader(log);
    const bundle = wire(root, Buffer.from('no certificate'));
    for (let round = 0; round < 3; round++) reader.read(bundle, trustDomain);
    assert.equal(log.records.length, 1);
  });

  it('are refused when no authority can be used, and may be empty', () => {
    const reader = new BundleReader(new RecordingLogger());
    assert.equal(reader.read(wire(), trustDomain).x509Authorities.length, 0);
    for (const [name, certificate] of odd) {
      assert.throws(() => reader.read(wire(certificate), trustDomain), { code: 'ERR_SERVER_RESPONSE' }, name);
    }
  });
});
