// One repository of a registry, read as the OCI Distribution Specification 1.1 says. Whoever starts a container chooses
// the registry, and a registry chooses where it redirects to and who gives tokens: all of it goes over TLS except where
// the operator says otherwise, never to link-local or metadata addresses, and is limited in size.
import { createHash } from 'node:crypto';
import { httpGet, type HttpResponse } from '@credence/sdk/net';
import { z } from 'zod';
import type { ImageReference } from './image-reference.js';
import { isTexts, parseJson } from './json.js';
import { problem } from './problem.js';

/** What a registry is told when it asks who one is. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

/** How a registry is spoken to. */
export interface RegistryAccess {
  readonly credentials: RegistryCredentials | undefined;
  /** The hosts, with their ports, that are spoken to without TLS; no other is, wherever a registry leads. */
  readonly insecureRegistries: readonly string[];
}

const descriptor = z.object({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  size: z.int().nonnegative(),
  artifactType: z.string().optional(),
  annotations: z.custom<Readonly<Record<string, string>>>(isTexts).nullish(),
});
// Each that is none is told of, at length: not of more than these.
const mostDescriptors = 1000;
const descriptors = z
  .array(z.unknown())
  .transform((all) => all.slice(0, mostDescriptors))
  .pipe(z.array(descriptor));
const manifestSchema = z.object({ layers: descriptors });
const indexSchema = z.object({ manifests: descriptors });
const tokenSchema = z
  .object({ token: z.string().optional(), access_token: z.string().optional() })
  .transform(({ token, access_token }) => token ?? access_token)
  // What may stand in a header.
  .pipe(z.string().regex(/^[\x21-\x7e]+$/));

/** What a manifest says of something: its type, its digest, its size in bytes. */
export type Descriptor = z.output<typeof descriptor>;

// Docker's where cosign was told to write such.
const manifestTypes =
  'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

// Registries refuse manifests above 4 MiB. A list of all that is in an image, signed, may take some megabytes.
const maxManifestBytes = 4 * 1024 * 1024;
const maxBlobBytes = 16 * 1024 * 1024;
const maxTokenBytes = 64 * 1024;
const maxRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

const missing: ReadonlySet<number> = new Set([404]);
// What registries that know of no referrers answer besides; Artifactory 406.
const withoutReferrers: ReadonlySet<number> = new Set([400, 404, 406]);

export class Repository {
  readonly #image: ImageReference;
  readonly #access: RegistryAccess;
  readonly #signal: AbortSignal;
  #authorization: string | undefined;

  /** @param signal ends every request. */
  constructor(image: ImageReference, access: RegistryAccess, signal: AbortSignal) {
    this.#image = image;
    this.#access = access;
    this.#signal = signal;
  }

  /**
   * The layers of a manifest, none when there is no such manifest.
   *
   * @param reference a tag or a digest.
   * @throws ERR_ATTESTATION for an answer that is no manifest; the error of the network.
   */
  async layers(reference: string): Promise<readonly Descriptor[]> {
    const body = await this.#get(`manifests/${reference}`, manifestTypes, maxManifestBytes);
    return body === undefined ? [] : parsed(manifestSchema, body, `manifest ${reference}`).layers;
  }

  /** What refers to the image, by the registry's index or by the tag that stands for it where there is none. */
  async referrers(): Promise<readonly Descriptor[]> {
    const { digest } = this.#image;
    const index = await this.#get(`referrers/${digest}`, indexType, maxManifestBytes, withoutReferrers);
    if (index !== undefined) return parsed(indexSchema, index, 'the index of referrers').manifests;
    const tag = `manifests/${digest.replace(':', '-')}`;
    const tagged = await this.#get(tag, indexType, maxManifestBytes, withoutReferrers);
    // "Listing Referrers": what is no index there stands for none. GitLab's registry has the image itself there.
    return indexSchema.safeParse(tagged && jsonOf(tagged)).data?.manifests ?? [];
  }

  /** @throws ERR_ATTESTATION when it is missing, too large, or something else than its digest says. */
  async blob({ digest, size }: Descriptor): Promise<Buffer> {
    if (size > maxBlobBytes) throw problem(`blob ${digest} has ${size} bytes; up to ${maxBlobBytes} are read`);
    const body = await this.#get(`blobs/${digest}`, '*/*', size);
    if (body === undefined) throw problem(`blob ${digest} is not there`);
    if (`sha256:${createHash('sha256').update(body).digest('hex')}` === digest) return body;
    throw problem(`blob ${digest} is not what its digest says`);
  }

  // Undefined: not there, as these statuses say.
  async #get(path: string, accept: string, maxBytes: number, absent = missing): Promise<Buffer | undefined> {
    const { registry, repository } = this.#image;
    const url = new URL(`https://${registry}/v2/${repository}/${path}`);
    if (this.#access.insecureRegistries.includes(registry)) url.protocol = 'http:';
    let response = await this.#follow(url, accept, maxBytes);
    const challenge = response.headers['www-authenticate'];
    if (response.status === 401 && challenge !== undefined && this.#authorization === undefined) {
      this.#authorization = await this.#authorize(challenge);
      response = await this.#follow(url, accept, maxBytes);
    }
    if (response.status === 200) return response.body;
    if (absent.has(response.status)) return undefined;
    const advice = [401, 403].includes(response.status) ? `; registry_credentials may name ${registry}` : '';
    throw problem(`registry ${registry} answered ${response.status} to GET ${url.pathname}${advice}`);
  }

  // A token is for the registry, not for where its blobs are kept; and who keeps them has no say in where the password
  // goes.
  async #follow(from: URL, accept: string, maxBytes: number): Promise<HttpResponse> {
    let url = from;
    for (let followed = 0; followed <= maxRedirects; followed++) {
      const isOwn = url.origin === from.origin;
      const authorization = isOwn ? this.#authorization : undefined;
      const response = await this.#request(url, { accept, ...(authorization && { authorization }) }, maxBytes);
      if (!redirects.has(response.status)) return isOwn ? response : { ...response, headers: {} };
      const { location = '' } = response.headers;
      if (location === '' || !URL.canParse(location, url.href)) {
        throw problem(`registry ${this.#image.registry} redirects and does not say where to`);
      }
      url = new URL(location, url);
    }
    throw problem(`registry ${this.#image.registry} redirects more than ${maxRedirects} times`);
  }

  // Distribution's token authentication (RFC 6750 with a realm), else Basic (RFC 7617).
  async #authorize(challenge: string): Promise<string> {
    const { registry } = this.#image;
    const bearer = /(?:^|, *)Bearer +(.*)$/i.exec(challenge)?.[1];
    if (bearer !== undefined) return `Bearer ${await this.#token(bearer)}`;
    if (!/(?:^|, *)Basic\b/i.test(challenge)) {
      throw problem(`registry ${registry} wants an authentication that is not known here`);
    }
    const { authorization } = this.#password();
    if (authorization !== undefined) return authorization;
    throw problem(`registry ${registry} wants a password; registry_credentials names none for it`);
  }

  async #token(parameters: string): Promise<string> {
    const { registry, repository } = this.#image;
    const realm = parameter(parameters, 'realm') ?? '';
    if (!URL.canParse(realm)) throw problem(`registry ${registry} does not say who gives tokens for it`);
    const url = new URL(realm);
    const service = parameter(parameters, 'service');
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', parameter(parameters, 'scope') ?? `repository:${repository}:pull`);
    const { status, body } = await this.#request(url, this.#password(), maxTokenBytes);
    if (status === 200) return parsed(tokenSchema, body, `the token of ${url.host} for registry ${registry}`);
    throw problem(`${url.host}, which gives tokens for registry ${registry}, answered ${status}`);
  }

  #password(): { readonly authorization?: string } {
    if (this.#access.credentials === undefined) return {};
    const { username, password } = this.#access.credentials;
    return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
  }

  #request(url: URL, headers: Readonly<Record<string, string>>, maxBytes: number): Promise<HttpResponse> {
    const isInsecure = url.protocol === 'http:' && this.#access.insecureRegistries.includes(url.host);
    if (url.protocol !== 'https:' && !isInsecure) {
      throw problem(`${url.protocol}//${url.host} is not reached over TLS; insecure_registries does not name it`);
    }
    const tls = { minVersion: 'TLSv1.2', rejectUnauthorized: true } as const;
    return httpGet(url, { tls, headers, maxBytes, signal: this.#signal });
  }
}

function parsed<T>(schema: z.ZodType<T>, body: Buffer, name: string): T {
  const { success, data } = schema.safeParse(jsonOf(body));
  if (success) return data;
  throw problem(`${name} has an unknown form`);
}

// Undefined: none. The parser's message would quote it.
function jsonOf(body: Buffer): unknown {
  try {
    return parseJson(body);
  } catch {
    return undefined;
  }
}

function parameter(parameters: string, name: string): string | undefined {
  return new RegExp(`(?:^|[ ,])${name}="([^"]*)"`, 'i').exec(parameters)?.[1];
}
