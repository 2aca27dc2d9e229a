// Verifies one signature or attestation: the certificate is of a trusted authority and lived when it was used, both logs
// vouch for that, the signature is the certificate's, and it speaks of this image. The cryptography is Sigstore's own.
import { EXTENSION_OID_SCT, X509Certificate } from '@sigstore/core';
import { toSignedEntity, Verifier, type SignedEntity, type TrustMaterial } from '@sigstore/verify';
import { problem } from './problem.js';
import type { SignedObject } from './signed-object.js';
import type { Signer } from './signers.js';

export interface VerificationRules {
  /** Whether no log has to vouch for the signature; the certificate has to be valid now, or to be timestamped. */
  readonly ignoreTlog: boolean;
  /** Whether no log has to vouch for the certificate. */
  readonly ignoreSct: boolean;
}

const codeSigning = '1.3.6.1.5.5.7.3.3';
const extendedKeyUsage = '2.5.29.37';
const alternativeName = '2.5.29.17';
// Fulcio's, of old and of today.
const bareIssuer = '1.3.6.1.4.1.57264.1.1';
const issuerText = '1.3.6.1.4.1.57264.1.8';

/**
 * Who signed.
 *
 * @param digest of the image.
 * @throws ERR_ATTESTATION for a signature of another image or of nobody, VerificationError for one that does not hold.
 */
export function verifyObject(
  object: SignedObject,
  { digest, trust, rules, now }: { digest: string; trust: TrustMaterial; rules: VerificationRules; now: Date },
): Signer {
  // cosign's verifiers look at this only when they are asked to, and whoever may write to a repository can copy there.
  if (!object.images.includes(digest)) throw problem(`signed for another image: ${object.images.join(', ')}`);
  const entity = entityOf(object, rules, now);
  const thresholds = { tlogThreshold: rules.ignoreTlog ? 0 : 1, ctlogThreshold: rules.ignoreSct ? 0 : 1 };
  const { identity } = new Verifier(trust, thresholds).verify(entity);
  const { subjectAlternativeName: subject, extensions: { issuer } = {} } = identity ?? {};
  if (subject === undefined || subject === '' || issuer === undefined || issuer === '') {
    throw problem('the certificate does not say who signed, and on whose word');
  }
  if (!isInAscii(entity)) throw problem('the certificate names its signer in other characters than those of ASCII');
  if (!isForCode(entity)) throw problem('the certificate is not one for signing code');
  return { issuer, subject };
}

function entityOf({ bundle, payload }: SignedObject, { ignoreTlog, ignoreSct }: VerificationRules, now: Date) {
  const entity = toSignedEntity(bundle, payload);
  return {
    ...entity,
    key: ignoreSct ? withoutScts(entity.key) : entity.key,
    ...(ignoreTlog ? { tlogEntries: [], timestamps: timestampsWithoutLog(entity, now) } : {}),
  };
}

// The library judges certificates by timestamps alone; where neither a log nor a timestamp authority made one, it is the
// present, told in the form of a log's.
function timestampsWithoutLog({ timestamps }: SignedEntity, now: Date): SignedEntity['timestamps'] {
  const signed = timestamps.filter(({ $case }) => $case === 'timestamp-authority');
  if (signed.length > 0) return signed;
  const present = {
    logIndex: '0',
    logId: { keyId: Buffer.alloc(0) },
    kindVersion: { kind: '', version: '' },
    integratedTime: String(Math.floor(now.getTime() / 1000)),
    inclusionPromise: { signedEntryTimestamp: Buffer.alloc(0) },
    inclusionProof: undefined,
    canonicalizedBody: Buffer.alloc(0),
  };
  return [{ $case: 'transparency-log', tlogEntry: present }];
}

// The library verifies each SCT that it finds, on a copy of the certificate that it makes for that.
function withoutScts(key: SignedEntity['key']): SignedEntity['key'] {
  if (key.$case !== 'certificate') return key;
  return { ...key, certificate: new CertificateWithoutScts(key.certificate.root) };
}

class CertificateWithoutScts extends X509Certificate {
  override clone(): X509Certificate {
    const copy = super.clone();
    const index = copy.extensions.findIndex((extension) => extension.subs[0]?.toOID() === EXTENSION_OID_SCT);
    if (index >= 0) copy.extensions.splice(index, 1);
    return copy;
  }
}

function isForCode({ key }: SignedEntity): boolean {
  if (key.$case !== 'certificate') return false;
  const usages = key.certificate.extension(extendedKeyUsage)?.valueObj.subs[0]?.subs ?? [];
  return usages.some((usage) => usage.toOID() === codeSigning);
}

// The library leaves out the eighth bit of each byte of a name, which may make it another's.
function isInAscii({ key }: SignedEntity): boolean {
  if (key.$case !== 'certificate') return false;
  const { certificate } = key;
  const names = [
    ...(certificate.extension(alternativeName)?.valueObj.subs[0]?.subs ?? []).map(({ value }) => value),
    certificate.extension(bareIssuer)?.value,
    certificate.extension(issuerText)?.valueObj.subs[0]?.value,
  ];
  return names.every((name) => name === undefined || name.every((byte) => byte < 0x80));
}
