// What whoever may write to a repository can do: sign nothing, and make signatures of one image look like those of another.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

interface Manifest {
  readonly mediaType: string;
  readonly config: object;
  readonly layers: readonly { readonly mediaType: string; readonly digest: string }[];
}

/** Copies what a tag of one image says to that of another, both in one repository: `sig` or `att`. */
export async function copyTag(from: string, to: string, suffix: string): Promise<void> {
  const manifest = await get(urlOf(from, 'manifests', `${tagOf(from)}.${suffix}`));
  await put(urlOf(to, 'manifests', `${tagOf(to)}.${suffix}`), manifest, 'application/vnd.oci.image.manifest.v1+json');
}

/** Lets the bundles that refer to one image refer to another, or the same, changed. */
export async function copyReferrers(from: string, to: string, change = (bundle: string) => bundle): Promise<void> {
  const index = await get(urlOf(from, 'referrers', digestOf(from)));
  for (const { digest } of (JSON.parse(index.toString()) as { manifests: { digest: string }[] }).manifests) {
    const manifest = JSON.parse((await get(urlOf(from, 'manifests', digest))).toString()) as Manifest;
    const [layer] = manifest.layers;
    assert.ok(layer);
    const bundle = Buffer.from(change((await get(urlOf(from, 'blobs', layer.digest))).toString()));
    await upload(to, bundle);
    await refer(to, { ...manifest, layers: [{ ...layer, ...measured(bundle) }] });
  }
}

async function refer(image: string, manifest: Manifest): Promise<void> {
  const subject = await get(urlOf(image, 'manifests', digestOf(image)));
  const mediaType = (JSON.parse(subject.toString()) as Manifest).mediaType;
  const body = Buffer.from(JSON.stringify({ ...manifest, subject: { mediaType, ...measured(subject) } }));
  await put(urlOf(image, 'manifests', measured(body).digest), body, manifest.mediaType);
}

async function upload(image: string, blob: Buffer): Promise<void> {
  const url = urlOf(image, 'blobs', `uploads/?digest=${measured(blob).digest}`);
  const { status } = await fetch(url, { method: 'POST', body: new Uint8Array(blob) });
  assert.equal(status, 201);
}

async function get(url: string): Promise<Buffer> {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, url);
  return Buffer.from(await answer.arrayBuffer());
}

async function put(url: string, body: Buffer, type: string): Promise<void> {
  const headers = { 'Content-Type': type };
  const { status } = await fetch(url, { method: 'PUT', headers, body: new Uint8Array(body) });
  assert.equal(status, 201, url);
}

function measured(content: Buffer): { readonly digest: string; readonly size: number } {
  return { digest: `sha256:${createHash('sha256').update(content).digest('hex')}`, size: content.length };
}

function urlOf(image: string, noun: string, reference: string): string {
  const [, registry = '', repository = ''] = /^([^/]+)\/(.*)@/.exec(image) ?? [];
  return `http://${registry}/v2/${repository}/${noun}/${reference}`;
}

const digestOf = (image: string): string => image.replace(/.*@/, '');
const tagOf = (image: string): string => digestOf(image).replace(':', '-');
