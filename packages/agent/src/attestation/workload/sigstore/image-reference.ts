// The name of an image by digest, as Docker and Podman write it in `RepoDigests`: `registry/repository@sha256:…`, with
// Docker Hub left out where it is meant.
import { problem } from './problem.js';

export interface ImageReference {
  /** Host name and port of the registry's API. */
  readonly registry: string;
  readonly repository: string;
  /** Of the manifest: `sha256:` and 64 lower-case hexadecimal digits. */
  readonly digest: string;
}

// OCI Distribution Specification, "Pulling manifests": the grammar of <name>.
const pathComponent = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const repositoryPattern = new RegExp(`^${pathComponent}(?:/${pathComponent})*$`);
const registryPattern = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

/** Docker Hub has several names, and its API another one. */
const dockerHub = 'registry-1.docker.io';
const dockerHubNames = new Set(['docker.io', 'index.docker.io', dockerHub]);

/** @throws ERR_ATTESTATION when it is no name of an image by its SHA-256 digest. */
export function parseImageReference(text: string): ImageReference {
  const [, name = '', digest = ''] = /^([^@]{1,512})@(sha256:[0-9a-f]{64})$/.exec(text) ?? [];
  const [, first = '', rest = ''] = /^([^/]+)\/(.+)$/.exec(name) ?? [];
  const registry = registryNameOf(/[.:]/.test(first) || first === 'localhost' ? first : dockerHub);
  const path = registry === dockerHub && !dockerHubNames.has(first) ? name : rest;
  const repository = registry === dockerHub && !path.includes('/') ? `library/${path}` : path;
  if (!isRegistry(registry) || !repositoryPattern.test(repository)) {
    throw problem(`${JSON.stringify(text)} is no name of an image with a SHA-256 digest`);
  }
  return { registry, repository, digest };
}

// A number may be too large for a port, and what looks like an address may be none.
function isRegistry(name: string): boolean {
  return registryPattern.test(name) && URL.canParse(`https://${name}`);
}

/** One spelling for each registry. */
export function registryNameOf(name: string): string {
  return dockerHubNames.has(name) ? dockerHub : name.toLowerCase();
}
