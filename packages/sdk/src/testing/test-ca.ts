// A certificate authority for tests: real keys and certificates of any trust domain, and the forged and odd ones that a
// verifier must refuse. Never for production: keys are made in memory and handed out.
import { randomBytes, type KeyObject } from 'node:crypto';
import { JwtBundle, SpiffeBundle, X509Bundle } from '../bundle/index.js';
import { exportPrivateKey, generateKey, publicKeyInfoOf, subjectKeyId, type KeyType } from '../keys/index.js';
import { systemClock } from '../runtime/index.js';
import { SpiffeId, TrustDomain } from '../spiffeid/index.js';
import { JwtSvid, X509Svid } from '../svid/index.js';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  Certificate,
  encodeName,
  extendedKeyUsageExtension,
  keyUsageExtension,
  Oid,
  signCertificate,
  subjectAltNameExtension,
  subjectKeyIdExtension,
  type BasicConstraints,
  type CertificateTemplate,
  type DistinguishedName,
  type Extension,
  type KeyUsage,
} from '../x509/index.js';

import { createJwtKey, signTestToken, type TestJwtKey, type TestJwtOptions } from './test-jwt.js';

const hourMs = 3_600_000;

/** What may be asked of any certificate; null leaves an extension out. */
export interface TestCertificateOptions {
  readonly keyType?: KeyType;
  /** A key to certify in place of a new one. */
  readonly key?: KeyObject;
  readonly serialNumber?: Uint8Array;
  readonly subject?: DistinguishedName;
  /** URI SANs in place of the ID. */
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** Default: one hour ago. */
  readonly notBefore?: Date;
  /** Default: in one hour. */
  readonly notAfter?: Date;
  readonly keyUsage?: readonly KeyUsage[] | null;
  readonly basicConstraints?: BasicConstraints | null;
  /** Object identifiers. */
  readonly extendedKeyUsage?: readonly string[] | null;
  /** Written after the others; one of the same kind takes the place of the usual one. */
  readonly extraExtensions?: readonly Extension[];
}

/** Certificates and a key that need not form a valid X.509-SVID. */
export interface TestCredential {
  /** DER, leaf first, without the root. */
  readonly chain: readonly Buffer[];
  readonly privateKey: KeyObject;
}

interface Authority {
  readonly certificate: Certificate;
  readonly key: KeyObject;
  /** Its intermediates, itself first; empty for a root. */
  readonly chain: readonly Certificate[];
}

interface Published {
  readonly roots: readonly Certificate[];
  readonly jwtKeys: readonly [TestJwtKey, ...TestJwtKey[]];
}

/** A trust domain's authority, root or intermediate. */
export class TestCa {
  readonly trustDomain: TrustDomain;
  #authority: Authority;
  #roots: readonly Certificate[];
  /** The one that signs now first. */
  #jwtKeys: readonly [TestJwtKey, ...TestJwtKey[]];

  private constructor(trustDomain: TrustDomain, authority: Authority, { roots, jwtKeys }: Published) {
    this.trustDomain = trustDomain;
    this.#authority = authority;
    this.#roots = roots;
    this.#jwtKeys = jwtKeys;
  }

  /** A trust domain with one self-signed authority. */
  static async create(trustDomain: TrustDomain | string, options: TestCertificateOptions = {}): Promise<TestCa> {
    const domain = typeof trustDomain === 'string' ? TrustDomain.parse(trustDomain) : trustDomain;
    const root = await createRoot(domain, options);
    const jwtKey = await createJwtKey(options.keyType);
    return new TestCa(domain, root, { roots: [root.certificate], jwtKeys: [jwtKey] });
  }

  /** The certificate that signs now. */
  get certificate(): Certificate {
    return this.#authority.certificate;
  }

  /** The key that signs now. */
  get key(): KeyObject {
    return this.#authority.key;
  }

  /** The key that signs JWT-SVIDs now. */
  get jwtKey(): KeyObject {
    return this.#jwtKeys[0].privateKey;
  }

  /** The roots: all that were made, also by `rotate`. */
  bundle(): X509Bundle {
    return X509Bundle.fromCertificates(this.trustDomain, this.#roots);
  }

  /** The JWT authorities: all that were made, also by `rotate`. */
  jwtBundle(): JwtBundle {
    return JwtBundle.fromAuthorities(this.trustDomain, this.#jwtKeys);
  }

  /** Both kinds of authorities. */
  spiffeBundle(parts: { readonly sequenceNumber?: bigint; readonly refreshHintMs?: number } = {}): SpiffeBundle {
    return SpiffeBundle.of({ ...parts, trustDomain: this.trustDomain, x509: this.bundle(), jwt: this.jwtBundle() });
  }

  /** An intermediate below this authority; `trustDomain` may name another one, as an attacker would. */
  async childCa(options: TestCertificateOptions & { readonly trustDomain?: string } = {}): Promise<TestCa> {
    const domain = options.trustDomain === undefined ? this.trustDomain : TrustDomain.parse(options.trustDomain);
    const key = options.key ?? (await generateKey(options.keyType ?? 'ec-p256'));
    const certificate = Certificate.parse(signCertificate(caTemplate(domain, key, options, this.#authority), this.key));
    const chain = [certificate, ...this.#authority.chain];
    return new TestCa(domain, { certificate, key, chain }, { roots: this.#roots, jwtKeys: this.#jwtKeys });
  }

  /** Signs with a new root and a new JWT key from now on; the old ones stay in the bundles. Roots only. */
  async rotate(options: TestCertificateOptions = {}): Promise<void> {
    this.#authority = await createRoot(this.trustDomain, options);
    this.#roots = [...this.#roots, this.#authority.certificate];
    this.#jwtKeys = [await createJwtKey(options.keyType), ...this.#jwtKeys];
  }

  /** An X.509-SVID of this trust domain; `id` is a SPIFFE ID or a path. */
  async x509Svid(id: SpiffeId | string, options: TestCertificateOptions & { hint?: string } = {}): Promise<X509Svid> {
    const spiffeId = this.#idOf(id);
    if (!spiffeId.isMemberOf(this.trustDomain)) {
      throw new TypeError(`${spiffeId.toString()} is not in ${this.trustDomain.name}; forgedSvid makes such`);
    }
    return toSvid(await this.credential(spiffeId, options), options.hint);
  }

  /** An X.509-SVID that claims an ID of another trust domain: to be refused by everyone. */
  async forgedSvid(otherId: SpiffeId | string, options: TestCertificateOptions = {}): Promise<X509Svid> {
    return toSvid(await this.credential(otherId, options));
  }

  /** A JWT-SVID; `id` is a SPIFFE ID or a path. */
  async jwtSvid(id: SpiffeId | string, options: TestJwtOptions & { hint?: string }): Promise<JwtSvid> {
    return JwtSvid.parseInsecure(await this.jwtToken(id, options), options.hint);
  }

  /** A token as asked, valid or not. */
  jwtToken(id: SpiffeId | string, options: TestJwtOptions): Promise<string> {
    return signTestToken(this.#idOf(id), this.#jwtKeys[0], options);
  }

  /** A leaf as asked, valid or not. */
  async credential(id: SpiffeId | string, options: TestCertificateOptions = {}): Promise<TestCredential> {
    const privateKey = options.key ?? (await generateKey(options.keyType ?? 'ec-p256'));
    const leaf = signCertificate(this.leafTemplate(id, privateKey, options), this.key);
    return { chain: [leaf, ...this.#authority.chain.map((certificate) => certificate.raw)], privateKey };
  }

  /** What `credential` signs. */
  leafTemplate(id: SpiffeId | string, key: KeyObject, options: TestCertificateOptions = {}): CertificateTemplate {
    return template(key, this.#authority, {
      subject: { country: ['US'], organization: ['SPIRE'] },
      uris: [this.#idOf(id).toString()],
      keyUsage: ['digitalSignature', 'keyEncipherment', 'keyAgreement'],
      basicConstraints: { ca: false },
      extendedKeyUsage: [Oid.serverAuth, Oid.clientAuth],
      ...options,
    });
  }

  #idOf(id: SpiffeId | string): SpiffeId {
    if (typeof id !== 'string') return id;
    return id.startsWith('/') ? SpiffeId.fromPath(this.trustDomain, id) : SpiffeId.parse(id);
  }
}

async function createRoot(trustDomain: TrustDomain, options: TestCertificateOptions): Promise<Authority> {
  const key = options.key ?? (await generateKey(options.keyType ?? 'ec-p256'));
  const certificate = Certificate.parse(signCertificate(caTemplate(trustDomain, key, options), key));
  return { certificate, key, chain: [] };
}

function caTemplate(
  trustDomain: TrustDomain,
  key: KeyObject,
  options: TestCertificateOptions,
  issuer?: Authority,
): CertificateTemplate {
  const serialNumber = options.serialNumber ?? newSerialNumber();
  return template(key, issuer, {
    subject: {
      country: ['US'],
      organization: ['SPIFFE'],
      serialNumber: BigInt(`0x${Buffer.from(serialNumber).toString('hex')}`).toString(),
    },
    uris: [trustDomain.id.toString()],
    keyUsage: ['keyCertSign', 'cRLSign'],
    basicConstraints: { ca: true },
    extendedKeyUsage: null,
    ...options,
    serialNumber,
  });
}

/** Without an issuer: self-signed. */
function template(
  key: KeyObject,
  issuer: Authority | undefined,
  options: TestCertificateOptions & { readonly subject: DistinguishedName },
): CertificateTemplate {
  const now = systemClock.now().getTime();
  const publicKeyInfo = publicKeyInfoOf(key);
  const subject = encodeName(options.subject);
  return {
    serialNumber: options.serialNumber ?? newSerialNumber(),
    issuer: issuer?.certificate.subject ?? subject,
    subject,
    notBefore: options.notBefore ?? new Date(now - hourMs),
    notAfter: options.notAfter ?? new Date(now + hourMs),
    publicKeyInfo,
    extensions: withExtra(extensionsOf(options, subjectKeyId(publicKeyInfo), issuer), options.extraExtensions ?? []),
  };
}

function extensionsOf(options: TestCertificateOptions, keyId: Buffer, issuer: Authority | undefined): Extension[] {
  const { keyUsage, basicConstraints, extendedKeyUsage, uris = [], dnsNames = [] } = options;
  const extensions = [
    keyUsage && keyUsageExtension(keyUsage),
    extendedKeyUsage && extendedKeyUsageExtension(extendedKeyUsage),
    basicConstraints && basicConstraintsExtension(basicConstraints),
    subjectKeyIdExtension(keyId),
    issuer?.certificate.subjectKeyId && authorityKeyIdExtension(issuer.certificate.subjectKeyId),
    uris.length + dnsNames.length > 0 ? subjectAltNameExtension({ uris, dnsNames }) : undefined,
  ];
  return extensions.filter((extension) => extension !== undefined && extension !== null);
}

function withExtra(usual: readonly Extension[], extra: readonly Extension[]): readonly Extension[] {
  const replaced = new Set(extra.map((extension) => extension.oid));
  return [...usual.filter((extension) => !replaced.has(extension.oid)), ...extra];
}

// RFC 5280 §4.1.2.2: unpredictable; the first bit is cleared so that it is never zero or of 21 octets.
function newSerialNumber(): Buffer {
  return Buffer.concat([Buffer.of(1), randomBytes(15)]);
}

function toSvid({ chain, privateKey }: TestCredential, hint?: string): X509Svid {
  return X509Svid.parseRaw(Buffer.concat(chain), exportPrivateKey(privateKey), hint);
}
