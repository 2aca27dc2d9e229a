// Reads one document of cosign's, in whichever of its forms, as a Sigstore bundle; nothing is believed yet.
import { createHash } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import { z } from 'zod';
import { bundleFrom } from './bundle-from.js';
import type { Evidence } from './evidence.js';
import { parseJson } from './json.js';
import { problem } from './problem.js';

export interface SignedObject {
  readonly kind: 'signature' | 'attestation';
  readonly bundle: Bundle;
  /** What was signed, where the bundle holds no more than its digest. */
  readonly payload: Buffer | undefined;
  /** The digests of the images that the signer speaks of. */
  readonly images: readonly string[];
}

type Annotations = Evidence['annotations'];

const inTotoType = 'application/vnd.in-toto+json';
const signaturePredicate = 'https://sigstore.dev/cosign/sign/v1';

const claimSchema = z.object({
  critical: z.object({
    type: z.literal(['cosign container image signature', signaturePredicate]),
    image: z.object({ 'docker-manifest-digest': z.string() }),
  }),
});
const statementSchema = z.object({
  predicateType: z.string(),
  // Of several at a time.
  subject: z
    .array(z.unknown())
    .max(1000)
    .pipe(z.array(z.object({ digest: z.object({ sha256: z.string().optional() }) }))),
});
const rekorSchema = z.object({
  SignedEntryTimestamp: z.base64(),
  Payload: z.object({
    body: z.base64(),
    integratedTime: z.int(),
    logIndex: z.int(),
    logID: z.string().regex(/^[0-9a-f]{64}$/),
  }),
});
const entrySchema = z.object({ kind: z.string(), apiVersion: z.string() });
const timestampSchema = z.object({ SignedRFC3161Timestamp: z.base64() });

/** @throws Error for what is none: ERR_ATTESTATION, or of the parsers, whose messages may quote it. */
export function signedObject({ form, annotations, blob }: Evidence): SignedObject {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  switch (form) {
    case 'payload':
      return signatureOf(annotations, bytes);
    case 'envelope':
      return statementOf(bundleOf(annotations, { dsseEnvelope: parseJson(bytes) }));
    case 'bundle':
      return statementOf(bundleFrom(parseJson(bytes)));
  }
}

function signatureOf(annotations: Annotations, payload: Buffer): SignedObject {
  const claim = claimSchema.parse(parseJson(payload));
  const messageSignature = {
    messageDigest: { algorithm: 'SHA2_256', digest: createHash('sha256').update(payload).digest('base64') },
    signature: annotations['dev.cosignproject.cosign/signature'] ?? '',
  };
  const bundle = bundleOf(annotations, { messageSignature });
  return { kind: 'signature', bundle, payload, images: [claim.critical.image['docker-manifest-digest']] };
}

// An envelope with an in-toto statement: cosign's own predicate makes it a signature, any other an attestation.
function statementOf(bundle: Bundle): SignedObject {
  if (bundle.content.$case !== 'dsseEnvelope' || bundle.content.dsseEnvelope.payloadType !== inTotoType) {
    throw problem('a bundle that holds no in-toto statement');
  }
  const { payload } = bundle.content.dsseEnvelope;
  const { predicateType, subject } = statementSchema.parse(parseJson(payload));
  const images = subject.flatMap(({ digest: { sha256 } }) => (sha256 === undefined ? [] : [`sha256:${sha256}`]));
  return {
    kind: predicateType === signaturePredicate ? 'signature' : 'attestation',
    bundle,
    payload: undefined,
    images,
  };
}

// Sigstore bundle 0.1, the one that wants an inclusion promise, from the annotations that cosign kept its parts in.
function bundleOf(annotations: Annotations, content: object): Bundle {
  const certificate = annotations['dev.sigstore.cosign/certificate'];
  if (certificate === undefined) {
    throw problem('signed with a key of its own; certificates of Fulcio are looked at');
  }
  const timestamp = annotations['dev.sigstore.cosign/rfc3161timestamp'];
  return bundleFrom({
    mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
    verificationMaterial: {
      x509CertificateChain: { certificates: [{ rawBytes: derOf(certificate) }] },
      tlogEntries: logEntriesOf(annotations['dev.sigstore.cosign/bundle']),
      timestampVerificationData: { rfc3161Timestamps: timestamp === undefined ? [] : [timestampOf(timestamp)] },
    },
    ...content,
  });
}

function logEntriesOf(annotation: string | undefined): readonly object[] {
  if (annotation === undefined) return [];
  const { SignedEntryTimestamp, Payload } = rekorSchema.parse(parseJson(Buffer.from(annotation)));
  const { kind, apiVersion } = entrySchema.parse(parseJson(Buffer.from(Payload.body, 'base64')));
  return [
    {
      logIndex: String(Payload.logIndex),
      logId: { keyId: Buffer.from(Payload.logID, 'hex').toString('base64') },
      kindVersion: { kind, version: apiVersion },
      integratedTime: String(Payload.integratedTime),
      inclusionPromise: { signedEntryTimestamp: SignedEntryTimestamp },
      canonicalizedBody: Payload.body,
    },
  ];
}

function timestampOf(annotation: string): { readonly signedTimestamp: string } {
  return { signedTimestamp: timestampSchema.parse(parseJson(Buffer.from(annotation))).SignedRFC3161Timestamp };
}

function derOf(pem: string): string {
  const [, base64] = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem) ?? [];
  if (base64 === undefined) throw problem('a certificate that is not PEM');
  return base64.replaceAll(/\s/g, '');
}
