// What cosign leaves beside an image: signatures at the tag `sha256-….sig`, attestations at `sha256-….att`, and, since its
// third version, both as bundles that refer to the image. Each becomes a Sigstore bundle; nothing is believed yet.
import { createHash } from 'node:crypto';
import type { Bundle } from '@sigstore/bundle';
import { z } from 'zod';
import { bundleFrom } from './bundle-from.js';
import { problem, reasonOf } from './problem.js';
import type { Descriptor, Repository } from './repository.js';

export interface SignedObject {
  readonly kind: 'signature' | 'attestation';
  readonly bundle: Bundle;
  /** What was signed, where the bundle holds no more than its digest. */
  readonly payload: Buffer | undefined;
  /** The digests of the images that the signer speaks of. */
  readonly images: readonly string[];
  readonly reason?: undefined;
}

/** One that says too little to be verified. */
export interface UnreadableObject {
  /** As what it was there. */
  readonly kind: SignedObject['kind'];
  readonly reason: string;
}

/** cosign's "simple signing": the payload says which image is meant. */
const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json';
const dsseEnvelope = 'application/vnd.dsse.envelope.v1+json';
const bundleType = /^application\/vnd\.dev\.sigstore\.bundle\b/;
const emptyType = 'application/vnd.oci.empty.v1+json';
const inTotoType = 'application/vnd.in-toto+json';
const signaturePredicate = 'https://sigstore.dev/cosign/sign/v1';

// Nobody has signed an image a hundred times, but anybody who may write to a repository can pretend.
const maxObjects = 100;

const claimSchema = z.object({
  critical: z.object({
    type: z.literal(['cosign container image signature', signaturePredicate]),
    image: z.object({ 'docker-manifest-digest': z.string() }),
  }),
});
const statementSchema = z.object({
  predicateType: z.string(),
  subject: z.array(z.object({ digest: z.record(z.string(), z.string()) })),
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

type Found = SignedObject | UnreadableObject;

/** The signatures at their tag, then whatever refers to the image; each is fetched when it is asked for. */
export async function* signedObjects(repository: Repository, digest: string): AsyncGenerator<Found> {
  for (const layer of await layersOf(repository, `${digest.replace(':', '-')}.sig`, simpleSigning)) {
    yield await readable('signature', async () => signatureOf(layer, await repository.blob(layer)));
  }
  for (const { digest: referrer } of (await repository.referrers()).filter(mayBeBundle).slice(0, maxObjects)) {
    const found = await readable('signature', () => referringObject(repository, referrer));
    if (found !== undefined) yield found;
  }
}

/** The attestations at their tag. */
export async function* taggedAttestations(repository: Repository, digest: string): AsyncGenerator<Found> {
  for (const layer of await layersOf(repository, `${digest.replace(':', '-')}.att`, dsseEnvelope)) {
    yield await readable('attestation', async () => attestationOf(layer, await repository.blob(layer)));
  }
}

async function layersOf(repository: Repository, tag: string, mediaType: string): Promise<readonly Descriptor[]> {
  const layers = await repository.layers(tag);
  return layers.filter((layer) => layer.mediaType === mediaType).slice(0, maxObjects);
}

// Registries that know no types of artifacts tell that of the configuration instead, of which bundles have none.
function mayBeBundle({ artifactType = emptyType }: Descriptor): boolean {
  return artifactType === emptyType || bundleType.test(artifactType);
}

// Undefined: it is something else.
async function referringObject(repository: Repository, reference: string): Promise<SignedObject | undefined> {
  const layer = (await repository.layers(reference)).find(({ mediaType }) => bundleType.test(mediaType));
  return layer && statementOf(bundleFrom(jsonOf(await repository.blob(layer))));
}

// One that is broken does not hide the others.
async function readable<T>(kind: SignedObject['kind'], read: () => Promise<T>): Promise<T | UnreadableObject> {
  try {
    return await read();
  } catch (error) {
    return { kind, reason: readingProblem(error) };
  }
}

// The parsers' own messages quote what they could not read.
function readingProblem(error: unknown): string {
  if (error instanceof SyntaxError || error instanceof z.ZodError) return 'something signed has an unknown form';
  return reasonOf(error);
}

function signatureOf({ annotations }: Descriptor, payload: Buffer): SignedObject {
  const claim = claimSchema.parse(jsonOf(payload));
  const messageSignature = {
    messageDigest: { algorithm: 'SHA2_256', digest: createHash('sha256').update(payload).digest('base64') },
    signature: annotations?.['dev.cosignproject.cosign/signature'] ?? '',
  };
  const bundle = bundleOf(annotations ?? {}, { messageSignature });
  return { kind: 'signature', bundle, payload, images: [claim.critical.image['docker-manifest-digest']] };
}

function attestationOf({ annotations }: Descriptor, envelope: Buffer): SignedObject {
  return statementOf(bundleOf(annotations ?? {}, { dsseEnvelope: jsonOf(envelope) }));
}

// An envelope with an in-toto statement: cosign's own predicate makes it a signature, any other an attestation.
function statementOf(bundle: Bundle): SignedObject {
  if (bundle.content.$case !== 'dsseEnvelope' || bundle.content.dsseEnvelope.payloadType !== inTotoType) {
    throw problem('a bundle that holds no in-toto statement');
  }
  const { payload } = bundle.content.dsseEnvelope;
  const { predicateType, subject } = statementSchema.parse(jsonOf(payload));
  const images = subject.flatMap(({ digest: { sha256 } }) => (sha256 === undefined ? [] : [`sha256:${sha256}`]));
  return {
    kind: predicateType === signaturePredicate ? 'signature' : 'attestation',
    bundle,
    payload: undefined,
    images,
  };
}

// Sigstore bundle 0.1, the one that wants an inclusion promise, from the annotations that cosign kept its parts in.
function bundleOf(annotations: Readonly<Record<string, string>>, content: object): Bundle {
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
  const { SignedEntryTimestamp, Payload } = rekorSchema.parse(JSON.parse(annotation));
  const { kind, apiVersion } = entrySchema.parse(jsonOf(Buffer.from(Payload.body, 'base64')));
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
  return { signedTimestamp: timestampSchema.parse(JSON.parse(annotation)).SignedRFC3161Timestamp };
}

function derOf(pem: string): string {
  const [, base64] = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem) ?? [];
  if (base64 === undefined) throw problem('a certificate that is not PEM');
  return base64.replaceAll(/\s/g, '');
}

function jsonOf(bytes: Buffer): unknown {
  return JSON.parse(bytes.toString());
}
