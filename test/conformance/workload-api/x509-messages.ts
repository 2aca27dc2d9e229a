// Messages to FetchX509SVID that a client must discard, each the good one with one thing changed.
import type { X509Svid } from '@credence/sdk';
import { exportPrivateKey, generateKey } from '@credence/sdk/keys';
import type { TestCa, TestCertificateOptions } from '@credence/sdk/testing';
import type { X509SVID } from '@credence/sdk/wire/gen/X509SVID.js';
import type { X509SVIDResponse } from '@credence/sdk/wire/gen/X509SVIDResponse.js';

const hourMs = 3_600_000;
/** What a message is made of. */
export interface Scene {
  readonly ca: TestCa;
  readonly other: TestCa;
  /** A good message with two SVIDs and a federated bundle. */
  readonly message: X509SVIDResponse;
}

export type Change = (scene: Scene) => X509SVIDResponse | Promise<X509SVIDResponse>;

/** The good message with its first SVID changed. */
const first =
  (change: (scene: Scene) => X509SVID | Promise<X509SVID>): Change =>
  async (scene) => {
    const [svid, ...others] = scene.message.svids ?? [];
    return { ...scene.message, svids: [{ ...svid, ...(await change(scene)) }, ...others] };
  };
const firstLeaf = (options: TestCertificateOptions): Change =>
  first(async ({ ca }) => {
    const { chain, privateKey } = await ca.credential('/a', options);
    return { x509_svid: Buffer.concat(chain), x509_svid_key: exportPrivateKey(privateKey) };
  });
const withKey = (encode: (key: Awaited<ReturnType<typeof generateKey>>) => Buffer): Change =>
  first(async ({ ca }) => {
    const key = await generateKey('ec-p256');
    const { chain } = await ca.credential('/a', { key });
    return { x509_svid: Buffer.concat(chain), x509_svid_key: encode(key) };
  });
export const federated =
  (key: string, value: (scene: Scene) => Buffer = ({ other }) => other.bundle().toDer()): Change =>
  (scene) => ({ ...scene.message, federated_bundles: { [key]: value(scene) } });
const ownBundle =
  (value: (scene: Scene) => Buffer): Change =>
  (scene) => ({
    ...scene.message,
    svids: (scene.message.svids ?? []).map((svid) => ({ ...svid, bundle: value(scene) })),
  });

export const discarded: [id: string, title: string, change: Change][] = [
  ['EV-35, WAPI-4.5-b', 'no SVIDs', ({ message }) => ({ ...message, svids: [] })],
  ['EV-35, WAPI-4.5-b', 'nothing at all', () => ({})],
  ['EV-35, WAPI-4.5-b', 'an SVID without spiffe_id', first(() => ({ spiffe_id: '' }))],
  ['EV-35, WAPI-4.5-b', 'an SVID without x509_svid', first(() => ({ x509_svid: Buffer.alloc(0) }))],
  ['EV-35, WAPI-4.5-b', 'an SVID without x509_svid_key', first(() => ({ x509_svid_key: Buffer.alloc(0) }))],
  ['EV-35, WAPI-4.5-b', 'an SVID without bundle', first(() => ({ bundle: Buffer.alloc(0) }))],
  ['EV-36', 'a spiffe_id of another workload', first(() => ({ spiffe_id: 'spiffe://example.org/other' }))],
  ['EV-36', 'a spiffe_id that is none', first(() => ({ spiffe_id: 'example.org/a' }))],
  [
    'EV-37',
    'the key of another certificate',
    first(async () => ({ x509_svid_key: exportPrivateKey(await generateKey('ec-p256')) })),
  ],
  [
    'EV-37',
    'an encrypted key',
    withKey((key) => key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: 'x' })),
  ],
  ['EV-37', 'a key in PEM', withKey((key) => Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })))],
  ['EV-37', 'a key in SEC 1', withKey((key) => key.export({ type: 'sec1', format: 'der' }))],
  ['EV-38', 'an SVID that is not yet valid', firstLeaf({ notBefore: new Date(Date.now() + hourMs / 2) })],
  ['EV-38', 'an SVID with two URIs', firstLeaf({ uris: ['spiffe://example.org/a', 'spiffe://example.org/b'] })],
  ['EV-38', 'an SVID that is a CA', firstLeaf({ basicConstraints: { ca: true } })],
  ['EV-38', 'an SVID without a path', firstLeaf({ uris: ['spiffe://example.org'] })],
  ['EV-38', 'an SVID that may sign certificates', firstLeaf({ keyUsage: ['digitalSignature', 'keyCertSign'] })],
  [
    'EV-38',
    'SVIDs that have all expired',
    async (scene) => {
      const changed = await firstLeaf({
        notBefore: new Date(Date.now() - 2 * hourMs),
        notAfter: new Date(Date.now() - hourMs),
      })(scene);
      return { ...changed, svids: changed.svids?.slice(0, 1) ?? [] };
    },
  ],
  ['EV-39', 'one bad SVID beside a good one', first(() => ({ x509_svid: Buffer.from('3000', 'hex') }))],
  ['EV-52', 'SVIDs whose bundle lacks their issuer', ownBundle(({ other }) => other.bundle().toDer())],
  ['BV-40', 'a federated bundle of a workload', federated('spiffe://other.test/x')],
  ['BV-40', 'a federated bundle under a trailing slash', federated('spiffe://other.test/')],
  ['BV-40', 'a federated bundle in upper case', federated('spiffe://Other.test')],
  ['BV-44', 'a bundle in PEM', ownBundle(({ ca }) => Buffer.from(ca.bundle().toPem()))],
  ['BV-44', 'a bundle with bytes after it', ownBundle(({ ca }) => Buffer.concat([ca.bundle().toDer(), Buffer.of(0)]))],
  [
    'BV-44',
    'a federated bundle in PEM',
    federated('spiffe://other.test', ({ other }) => Buffer.from(other.bundle().toPem())),
  ],
  [
    'BV-44',
    'a federated bundle with bytes after it',
    federated('spiffe://other.test', ({ other }) => Buffer.concat([other.bundle().toDer(), Buffer.of(0)])),
  ],
];

/** The good message: two SVIDs and a federated bundle. */
export function goodMessage(svids: readonly X509Svid[], ca: TestCa, other: TestCa): X509SVIDResponse {
  return {
    svids: svids.map((svid) => ({
      spiffe_id: svid.id.toString(),
      x509_svid: svid.certChainDer(),
      x509_svid_key: svid.privateKeyDer(),
      bundle: ca.bundle().toDer(),
      hint: svid.hint ?? '',
    })),
    federated_bundles: { 'spiffe://other.test': other.bundle().toDer() },
  };
}
