// Certificate requests (PKCS#10, RFC 2986): made by whoever wants a certificate, read strictly by whoever signs one. Of
// what a request asks for, only the names and the key are read; the rest is the signer's to decide.
import type { KeyObject } from 'node:crypto';
import { DerReader, DerWriter, encodeOid, Oid, Tag } from '../der/index.js';
import { checkPublicKeyInfo, importPublicKey, publicKeyInfoOf } from '../keys/index.js';
import { sdkError } from '../runtime/index.js';
import { encodeSigned } from './certificate-template.js';
import { readExtensions, writeExtensions } from './extension.js';
import { subjectAltNameExtension } from './extensions.js';
import { noGeneralNames, readGeneralNames, type GeneralNames } from './general-names.js';
import { encodeName, readName, type DistinguishedName } from './name.js';
import {
  findSignatureAlgorithm,
  isSignature,
  signatureAlgorithmOf,
  signBytes,
  type SignatureAlgorithm,
} from './signature-algorithm.js';

const longestRequest = 64 * 1024;

export interface CertificateRequestNames {
  readonly subject?: DistinguishedName;
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
}

/** A request for these names, DER, signed by the key that it is about. */
export function createCertificateRequest(names: CertificateRequestNames, key: KeyObject): Buffer {
  const info = encodeRequestInfo(names, publicKeyInfoOf(key));
  return encodeSigned(info, signatureAlgorithmOf(key).der, signBytes(info, key));
}

interface Fields {
  readonly subject: Buffer;
  readonly publicKeyInfo: Buffer;
  readonly names: GeneralNames;
  readonly signatureAlgorithm: SignatureAlgorithm;
}

interface Signed {
  readonly info: Buffer;
  readonly algorithm: Buffer;
  readonly signature: Buffer;
}

/** A request that parsed and has an acceptable key. Whether its sender holds the key, `verify` says. */
export class CertificateRequest {
  /** X.501 Name, DER; the empty SEQUENCE when the request names no subject. */
  readonly subject: Buffer;
  /** SubjectPublicKeyInfo, DER; of an accepted kind and size. */
  readonly publicKeyInfo: Buffer;
  readonly uriSans: readonly string[];
  readonly dnsNames: readonly string[];
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly #signed: Signed;

  private constructor(fields: Fields, signed: Signed) {
    this.subject = fields.subject;
    this.publicKeyInfo = fields.publicKeyInfo;
    this.uriSans = fields.names.uris;
    this.dnsNames = fields.names.dnsNames;
    this.signatureAlgorithm = fields.signatureAlgorithm;
    this.#signed = signed;
  }

  /**
   * Reads a request in DER. The values refer to a copy of the bytes.
   *
   * @throws SpiffeError `ERR_SPIFFE_ENCODING`: not strict DER of a request · `ERR_SPIFFE_CERTIFICATE`: a repeated
   * extension, a name that is not ASCII, a signature algorithm that is not accepted · `ERR_SPIFFE_KEY`: a weak or unknown
   * kind of key.
   */
  static parse(der: Uint8Array): CertificateRequest {
    if (der.length > longestRequest) {
      throw sdkError('ERR_SPIFFE_ENCODING', `certificate request is longer than ${longestRequest} bytes`);
    }
    const signed = readSigned(Buffer.from(der));
    return new CertificateRequest(readFields(signed), signed);
  }

  /**
   * Proof of possession (RFC 2986 §4.2): whether the request is signed by the key that it is about. This is most of the
   * cost of a request.
   *
   * @throws SpiffeError `ERR_SPIFFE_KEY`: the key is not a valid one, such as a point that is not on its curve.
   */
  verify(): boolean {
    const { info, signature } = this.#signed;
    return isSignature(info, signature, this.signatureAlgorithm, importPublicKey(this.publicKeyInfo));
  }
}

function encodeRequestInfo(names: CertificateRequestNames, publicKeyInfo: Buffer): Buffer {
  const writer = new DerWriter(512);
  writeAttributes(writer, names);
  writer.raw(publicKeyInfo);
  writer.raw(encodeName(names.subject ?? {}));
  writer.unsignedInteger(Buffer.of(0));
  writer.header(Tag.sequence, 0);
  return writer.finish();
}

function writeAttributes(writer: DerWriter, { uris = [], dnsNames = [] }: CertificateRequestNames): void {
  const mark = writer.length;
  if (uris.length + dnsNames.length > 0) {
    writeExtensions(writer, [subjectAltNameExtension({ uris, dnsNames })]);
    writer.header(Tag.set, mark);
    writer.primitive(Tag.objectIdentifier, encodeOid(Oid.extensionRequest));
    writer.header(Tag.sequence, mark);
  }
  writer.header(Tag.contextConstructed(0), mark);
}

function readSigned(der: Buffer): Signed {
  const outer = DerReader.over(der);
  const request = outer.enter(Tag.sequence, 'certificate request');
  outer.end('certificate request');
  const info = request.expect(Tag.sequence, 'certificate request info').raw;
  const algorithm = request.expect(Tag.sequence, 'signature algorithm').raw;
  const signature = request.octetAlignedBits('signature');
  request.end('certificate request');
  return { info, algorithm, signature };
}

function readFields({ info, algorithm }: Signed): Fields {
  const reader = DerReader.over(info).enter(Tag.sequence, 'certificate request info');
  const version = reader.smallInteger('version');
  if (version !== 0) throw sdkError('ERR_SPIFFE_ENCODING', 'certificate request has a version other than 1'); // RFC 2986 §4.1
  const subject = readName(reader, 'subject');
  const publicKeyInfo = reader.expect(Tag.sequence, 'public key').raw;
  checkPublicKeyInfo(publicKeyInfo);
  const names = readAttributes(reader.enter(Tag.contextConstructed(0), 'attributes'));
  reader.end('certificate request info');
  return { subject, publicKeyInfo, names, signatureAlgorithm: acceptedAlgorithm(algorithm) };
}

// Attributes other than the extension request are skipped: nothing of them enters a certificate.
function readAttributes(attributes: DerReader): GeneralNames {
  let names: GeneralNames | undefined;
  while (!attributes.isAtEnd) {
    const attribute = attributes.enter(Tag.sequence, 'attribute');
    const oid = attribute.objectIdentifier('attribute');
    const values = attribute.enter(Tag.set, 'attribute values');
    attribute.end('attribute');
    if (oid !== Oid.extensionRequest) continue;
    if (names !== undefined) throw sdkError('ERR_SPIFFE_CERTIFICATE', 'certificate request asks for extensions twice');
    names = readRequestedNames(values);
  }
  return names ?? noGeneralNames;
}

function readRequestedNames(values: DerReader): GeneralNames {
  const extensions = readExtensions(values.enter(Tag.sequence, 'extension request'));
  values.end('extension request'); // single-valued, RFC 2985 §5.4.2
  const names = extensions.get(Oid.subjectAltName);
  return names === undefined ? noGeneralNames : readGeneralNames(names.value);
}

function acceptedAlgorithm(algorithm: Buffer): SignatureAlgorithm {
  const found = findSignatureAlgorithm(algorithm);
  if (found === undefined) {
    throw sdkError(
      'ERR_SPIFFE_CERTIFICATE',
      'certificate request is signed by an algorithm other than ECDSA or RSA PKCS#1 v1.5 with SHA-2, or Ed25519',
    );
  }
  return found;
}
