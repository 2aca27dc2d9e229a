// The certificates that a node sends. What they may cost is bounded by their number, their size and their keys before
// the first signature among them is looked at.
import type { Certificate as CertificateType } from '@credence/sdk';
import { Certificate } from '@credence/sdk/x509';
import { malformed, refused } from './refusal.js';

export interface ChainLimits {
  /** How many certificates may follow the leaf. */
  readonly maxIntermediates: number;
  /** The largest RSA key of any of them. */
  readonly maxRsaKeyBits: number;
}

export interface NodeChain {
  readonly leaf: CertificateType;
  readonly intermediates: readonly CertificateType[];
}

/** @throws `ERR_INVALID_ARGUMENT`, `ERR_NODE_PROOF` */
export function readChain(certificates: readonly Buffer[], limits: ChainLimits): NodeChain {
  if (certificates.length > 1 + limits.maxIntermediates) {
    throw malformed(
      `${certificates.length - 1} intermediate certificates; at most ${limits.maxIntermediates} are taken`,
    );
  }
  const [leaf, ...intermediates] = certificates.map(parse);
  if (leaf === undefined) throw malformed('no certificate to attest');
  for (const certificate of [leaf, ...intermediates]) checkKeySize(certificate, limits);
  // RFC 5280 §4.2.1.3: the key is about to sign a challenge.
  if (leaf.keyUsage?.has('digitalSignature') !== true) {
    throw refused('certificate not intended for digital signature use');
  }
  return { leaf, intermediates };
}

function parse(der: Buffer, index: number): CertificateType {
  try {
    return Certificate.parse(der);
  } catch (error) {
    const which = index === 0 ? 'leaf certificate' : `intermediate certificate ${index - 1}`;
    throw malformed(`failed to parse ${which}: ${(error as Error).message}`);
  }
}

function checkKeySize(certificate: CertificateType, { maxRsaKeyBits }: ChainLimits): void {
  const bits = rsaKeyBits(certificate);
  if (bits > maxRsaKeyBits) throw refused(`RSA key of ${bits} bits; at most ${maxRsaKeyBits} are taken`);
}

function rsaKeyBits(certificate: CertificateType): number {
  try {
    return certificate.publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  } catch (error) {
    throw malformed(`failed to parse a public key: ${(error as Error).message}`);
  }
}
