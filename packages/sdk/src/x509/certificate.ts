// An X.509 certificate (RFC 5280 §4), read from its bytes by our own strict parser. A value of this class is well formed
// and has an acceptable key; whether it may be trusted, verifyX509Svid says.
import type { KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import { DerReader, Oid, parsePem, Tag, toPem } from '../der/index.js';
import { importPublicKey } from '../keys/index.js';
import { sdkError } from '../runtime/index.js';
import {
  readAuthorityKeyId,
  readBasicConstraints,
  readExtendedKeyUsage,
  readKeyUsage,
  readSubjectKeyId,
} from './extension-values.js';
import type { BasicConstraints, KeyUsage } from './extensions.js';
import { noGeneralNames, readGeneralNames, type GeneralNames } from './general-names.js';
import { renderName } from './name.js';
import { readNameConstraints, type NameConstraints } from './name-constraints.js';
import { findSignatureAlgorithm, isSignature, type SignatureAlgorithm } from './signature-algorithm.js';
import { readTbsCertificate, type TbsCertificate } from './tbs-certificate.js';

const longestCertificate = 64 * 1024;

const understood: ReadonlySet<string> = new Set([
  Oid.subjectKeyIdentifier,
  Oid.keyUsage,
  Oid.subjectAltName,
  Oid.basicConstraints,
  Oid.nameConstraints,
  Oid.authorityKeyIdentifier,
  Oid.extendedKeyUsage,
]);

/** An immutable certificate. */
export class Certificate {
  /** DER. */
  readonly raw: Buffer;
  readonly serialNumber: bigint;
  /** X.501 Name, DER. */
  readonly issuer: Buffer;
  /** X.501 Name, DER. */
  readonly subject: Buffer;
  /** The first second of validity. */
  readonly notBefore: Date;
  /** The last second of validity. */
  readonly notAfter: Date;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Buffer;
  /** Undefined: an algorithm that is not accepted, under which nothing verifies. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly subjectAltNames: GeneralNames;
  /** Undefined where the extension is absent; so are the next ones. */
  readonly basicConstraints: BasicConstraints | undefined;
  readonly keyUsage: ReadonlySet<KeyUsage> | undefined;
  /** Object identifiers. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly subjectKeyId: Buffer | undefined;
  readonly authorityKeyId: Buffer | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  /** Critical extensions that are not understood: path validation must refuse (RFC 5280 §4.2). */
  readonly unknownCritical: readonly string[];
  readonly #tbs: Buffer;
  readonly #signature: Buffer;
  #publicKey: KeyObject | undefined;

  private constructor(raw: Buffer, tbs: Buffer, fields: TbsCertificate, signature: Buffer) {
    const { extensions } = fields;
    this.raw = raw;
    this.serialNumber = fields.serialNumber;
    this.issuer = fields.issuer;
    this.subject = fields.subject;
    this.notBefore = fields.notBefore;
    this.notAfter = fields.notAfter;
    this.publicKeyInfo = fields.publicKeyInfo;
    this.signatureAlgorithm = findSignatureAlgorithm(fields.signatureAlgorithm);
    this.subjectAltNames = decode(fields, Oid.subjectAltName, readGeneralNames) ?? noGeneralNames;
    this.basicConstraints = decode(fields, Oid.basicConstraints, readBasicConstraints);
    this.keyUsage = decode(fields, Oid.keyUsage, readKeyUsage);
    this.extendedKeyUsage = decode(fields, Oid.extendedKeyUsage, readExtendedKeyUsage);
    this.subjectKeyId = decode(fields, Oid.subjectKeyIdentifier, readSubjectKeyId);
    this.authorityKeyId = decode(fields, Oid.authorityKeyIdentifier, readAuthorityKeyId);
    this.nameConstraints = decode(fields, Oid.nameConstraints, readNameConstraints);
    this.unknownCritical = [...extensions.values()]
      .filter((e) => e.critical && !understood.has(e.oid))
      .map((e) => e.oid);
    this.#tbs = tbs;
    this.#signature = signature;
  }

  /**
   * Reads one certificate in DER; the bytes are copied.
   *
   * @throws SpiffeError `ERR_SPIFFE_ENCODING`: not strict DER of a certificate, or longer than 64 KiB ·
   * `ERR_SPIFFE_CERTIFICATE`: breaks RFC 5280 · `ERR_SPIFFE_KEY`: a weak or unknown kind of key.
   */
  static parse(der: Uint8Array): Certificate {
    if (der.length > longestCertificate) throw malformed(`certificate is longer than ${longestCertificate} bytes`);
    const raw = Buffer.from(der);
    const outer = DerReader.over(raw);
    const certificate = outer.enter(Tag.sequence, 'certificate');
    outer.end('certificate');
    const tbs = certificate.expect(Tag.sequence, 'certificate').raw;
    const algorithm = certificate.expect(Tag.sequence, 'signature algorithm').raw;
    const signature = certificate.octetAlignedBits('signature');
    certificate.end('certificate');
    const fields = readTbsCertificate(tbs);
    // RFC 5280 §4.1.1.2: what is signed says how it is signed.
    if (!fields.signatureAlgorithm.equals(algorithm)) {
      throw sdkError('ERR_SPIFFE_CERTIFICATE', 'certificate names two signature algorithms (RFC 5280 §4.1.1.2)');
    }
    return new Certificate(raw, tbs, fields, signature);
  }

  /**
   * Reads certificates in DER, one after the other; of no bytes none.
   *
   * @throws as `parse`
   */
  static parseAll(der: Uint8Array): readonly Certificate[] {
    const reader = DerReader.over(der);
    const certificates: Certificate[] = [];
    while (!reader.isAtEnd) certificates.push(Certificate.parse(reader.element('certificate').raw));
    return certificates;
  }

  /**
   * Reads the CERTIFICATE blocks of a PEM text; none when there is no block.
   *
   * @throws as `parse`; `ERR_SPIFFE_ENCODING` also for a block of another kind.
   */
  static parsePem(text: string): readonly Certificate[] {
    return parsePem(text, 'CERTIFICATE').map((der) => Certificate.parse(der));
  }

  get uriSans(): readonly string[] {
    return this.subjectAltNames.uris;
  }

  get dnsNames(): readonly string[] {
    return this.subjectAltNames.dnsNames;
  }

  /** Whether basic constraints make this a signing certificate (RFC 5280 §4.2.1.9). */
  get isCa(): boolean {
    return this.basicConstraints?.ca === true;
  }

  /** @throws SpiffeError `ERR_SPIFFE_KEY`: not a valid key, such as a point that is not on its curve. */
  get publicKey(): KeyObject {
    return (this.#publicKey ??= importPublicKey(this.publicKeyInfo));
  }

  /** Whether the signature is by the key of `issuer`. Nothing else is checked, not even the names. */
  isSignedBy(issuer: Certificate): boolean {
    const key = issuer.#usablePublicKey();
    if (key === undefined || this.signatureAlgorithm === undefined) return false;
    return isSignature(this.#tbs, this.#signature, this.signatureAlgorithm, key);
  }

  equals(other: Certificate): boolean {
    return this.raw.equals(other.raw);
  }

  toPem(): string {
    return toPem(this.raw, 'CERTIFICATE');
  }

  /** What a log needs. */
  toJSON(): Readonly<Record<string, unknown>> {
    return {
      subject: renderName(this.subject),
      issuer: renderName(this.issuer),
      serialNumber: this.serialNumber.toString(),
      uriSans: this.uriSans,
      notBefore: this.notBefore.toISOString(),
      notAfter: this.notAfter.toISOString(),
    };
  }

  [inspect.custom](): string {
    return `Certificate ${inspect(this.toJSON())}`;
  }

  // A key that is not valid has signed nothing.
  #usablePublicKey(): KeyObject | undefined {
    try {
      return this.publicKey;
    } catch {
      return undefined;
    }
  }
}

function decode<T>({ extensions }: TbsCertificate, oid: string, read: (value: Buffer) => T): T | undefined {
  const extension = extensions.get(oid);
  return extension === undefined ? undefined : read(extension.value);
}

function malformed(message: string): Error {
  return sdkError('ERR_SPIFFE_ENCODING', message);
}
