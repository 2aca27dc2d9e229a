// Keeps trust domains apart inside OpenSSL. A plain list of all roots would let every federated authority vouch for every
// ID (SPIFFE Federation §4.2 forbids such a merge). So no root is handed over: each authority is certified anew, in
// memory, by an anchor of that moment, under a critical name constraint on its own trust domains (RFC 5280 §4.2.1.10).
import { createECDH, createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import type { X509Bundle } from '../bundle/index.js';
import { publicKeyInfoOf, subjectKeyId } from '../keys/index.js';
import {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  encodeName,
  extendedKeyUsageExtension,
  keyUsageExtension,
  signCertificate,
  subjectKeyIdExtension,
  toPem,
  type Certificate,
  type Extension,
} from '../x509/index.js';
import { chooseAuthorities, type Authority, type Choice } from './authority-choice.js';
import { constrainedNames } from './constrained-names.js';

interface Anchor {
  readonly key: KeyObject;
  readonly keyId: Buffer;
  readonly pem: string;
}

interface Cached {
  readonly own: string | undefined;
  readonly bundles: readonly X509Bundle[];
  readonly ca: readonly string[];
}

// One name for all anchors, so that they are recognised; each has its own key.
const anchorName = encodeName({ commonName: 'credence constrained anchor' });
// Used last first. A process has few sets at a time, one for each authorizer that narrows them.
let cache: readonly Cached[] = [];
const mostSetsCached = 16;

/**
 * Certificates in PEM, one an element, that are safe as `ca` of TLS in place of the roots of these bundles: OpenSSL then
 * accepts for each ID only the authorities of its own trust domain. Never empty, so that it never means "the web's
 * roots"; without usable authorities nobody is trusted. The leaf still has to be checked (X509-SVID §5.2).
 *
 * OpenSSL applies the constraint to the URIs of intermediates too, and refuses trust domains that are an IPv4 address.
 * Which authorities are left out, so that one trust domain cannot harm another, `chooseAuthorities` says.
 */
export function constrainedCa(bundles: Iterable<X509Bundle>, choice: Choice = {}): readonly string[] {
  const list = [...bundles];
  const own = choice.own?.name;
  const known = cache.find((set) => set.own === own && areEqual(set.bundles, list));
  // A new one each time: what an earlier anchor certified is worthless once an authority has left its bundle.
  const set = known ?? { own, bundles: list, ca: certified(list, choice) };
  if (set !== cache[0]) cache = [set, ...cache.filter((other) => other !== set)].slice(0, mostSetsCached);
  return set.ca;
}

function certified(bundles: readonly X509Bundle[], choice: Choice): readonly string[] {
  const root = createAnchor();
  return [root.pem, ...chooseAuthorities(bundles, choice).flatMap((authority) => crossCertify(authority, root))];
}

/** Whether this was issued by an anchor: Node shows such at the end of a peer's chain. */
export function isIssuedByAnchor(certificate: Certificate): boolean {
  return anchorName.equals(certificate.issuer);
}

function crossCertify({ certificate, domains }: Authority, { key, keyId }: Anchor): string[] {
  const names = constrainedNames(certificate, domains);
  if (names === undefined) return [];
  const { subject, notBefore, notAfter, publicKeyInfo } = certificate;
  const extensions = [...signingExtensions(certificate), authorityKeyIdExtension(keyId), names];
  const serialNumber = serialOf(publicKeyInfo, certificate.raw, names.value);
  const template = { serialNumber, issuer: anchorName, subject, notBefore, notAfter, publicKeyInfo, extensions };
  return [toPem(signCertificate(template, key), 'CERTIFICATE')];
}

function signingExtensions({ basicConstraints, extendedKeyUsage, subjectKeyId: keyId }: Certificate): Extension[] {
  return [
    basicConstraintsExtension({ ca: true, pathLength: basicConstraints?.pathLength }),
    keyUsageExtension(['keyCertSign', 'cRLSign']),
    ...(extendedKeyUsage === undefined ? [] : [extendedKeyUsageExtension(extendedKeyUsage)]),
    ...(keyId === undefined ? [] : [subjectKeyIdExtension(keyId)]),
  ];
}

// node:crypto makes keys synchronously only in a way that can deadlock on Node 20 (a JWK export after it); ECDH does not.
function createAnchor(): Anchor {
  const ecdh = createECDH('prime256v1');
  const point = ecdh.generateKeys();
  const d = ecdh.getPrivateKey();
  const [x, y] = [point.subarray(1, 33), point.subarray(33)];
  const jwk = { kty: 'EC', crv: 'P-256', x: base64url(x), y: base64url(y), d: base64url(leftPadded(d, 32)) };
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const publicKeyInfo = publicKeyInfoOf(key);
  const keyId = subjectKeyId(publicKeyInfo);
  const template = {
    serialNumber: serialOf(publicKeyInfo),
    issuer: anchorName,
    subject: anchorName,
    // Each authority keeps its own validity; the anchor adds no limit.
    notBefore: new Date(0),
    notAfter: new Date('9999-12-31T23:59:59Z'),
    publicKeyInfo,
    extensions: [
      basicConstraintsExtension({ ca: true }),
      keyUsageExtension(['keyCertSign']),
      subjectKeyIdExtension(keyId),
    ],
  };
  return { key, keyId, pem: toPem(signCertificate(template, key), 'CERTIFICATE') };
}

function serialOf(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest().subarray(0, 16);
}

function leftPadded(bytes: Buffer, length: number): Buffer {
  return Buffer.concat([Buffer.alloc(length - bytes.length), bytes]);
}

function base64url(bytes: Buffer): string {
  return bytes.toString('base64url');
}

// An update brings new objects, mostly for what was there before.
function areEqual(a: readonly X509Bundle[], b: readonly X509Bundle[]): boolean {
  return a.length === b.length && a.every((bundle, i) => bundle === b[i] || b[i]?.equals(bundle) === true);
}
