// What cosign leaves beside an image: signatures at the tag `sha256-….sig`, attestations at `sha256-….att`, and, since its
// third version, both as bundles that refer to the image. They are fetched here, and looked at in a thread of their own.
import { reasonOf } from './problem.js';
import type { Descriptor, Repository } from './repository.js';

/** One document that may vouch for an image; each value may be cloned to a thread. */
export interface Evidence {
  /** By where it was, what it is: a payload and its signature, an envelope, a bundle of either. */
  readonly form: 'payload' | 'envelope' | 'bundle';
  readonly annotations: Readonly<Record<string, string>>;
  readonly blob: Uint8Array;
  readonly reason?: undefined;
}

/** One that could not be fetched. */
export interface MissingEvidence {
  readonly form: Evidence['form'];
  readonly reason: string;
}

/** What a document is taken for as long as nobody has read it. */
export function kindOf({ form }: Pick<Evidence, 'form'>): 'signature' | 'attestation' {
  return form === 'envelope' ? 'attestation' : 'signature';
}

/** cosign's "simple signing": the payload says which image is meant. */
const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json';
const dsseEnvelope = 'application/vnd.dsse.envelope.v1+json';
const bundleType = /^application\/vnd\.dev\.sigstore\.bundle\b/;
const emptyType = 'application/vnd.oci.empty.v1+json';

// Nobody has signed an image a hundred times, but anybody who may write to a repository can pretend.
const mostDocuments = 100;

/** The signatures at their tag, then whatever refers to the image; each is fetched when it is asked for. */
export async function* signatures(repository: Repository, digest: string): AsyncGenerator<Evidence | MissingEvidence> {
  for (const layer of await layersOf(repository, `${digest.replace(':', '-')}.sig`, simpleSigning)) {
    yield await fetched('payload', () => evidenceOf('payload', repository, layer));
  }
  for (const { digest: referrer } of (await repository.referrers()).filter(mayBeBundle).slice(0, mostDocuments)) {
    const found = await fetched('bundle', () => bundleAt(repository, referrer));
    if (found !== undefined) yield found;
  }
}

/** The attestations at their tag. */
export async function* attestations(
  repository: Repository,
  digest: string,
): AsyncGenerator<Evidence | MissingEvidence> {
  for (const layer of await layersOf(repository, `${digest.replace(':', '-')}.att`, dsseEnvelope)) {
    yield await fetched('envelope', () => evidenceOf('envelope', repository, layer));
  }
}

async function layersOf(repository: Repository, tag: string, mediaType: string): Promise<readonly Descriptor[]> {
  const layers = await repository.layers(tag);
  return layers.filter((layer) => layer.mediaType === mediaType).slice(0, mostDocuments);
}

// Registries that know no types of artifacts tell that of the configuration instead, of which bundles have none.
function mayBeBundle({ artifactType = emptyType }: Descriptor): boolean {
  return artifactType === emptyType || bundleType.test(artifactType);
}

// Undefined: it is something else.
async function bundleAt(repository: Repository, reference: string): Promise<Evidence | undefined> {
  const layer = (await repository.layers(reference)).find(({ mediaType }) => bundleType.test(mediaType));
  return layer && evidenceOf('bundle', repository, layer);
}

async function evidenceOf(form: Evidence['form'], repository: Repository, layer: Descriptor): Promise<Evidence> {
  return { form, annotations: layer.annotations ?? {}, blob: await repository.blob(layer) };
}

// One that is broken does not hide the others.
async function fetched<T>(form: Evidence['form'], fetch: () => Promise<T>): Promise<T | MissingEvidence> {
  try {
    return await fetch();
  } catch (error) {
    return { form, reason: reasonOf(error) };
  }
}
