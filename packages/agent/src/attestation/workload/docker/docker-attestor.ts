// The docker attestor: what Docker or Podman says about the container that a process runs in.
import type { Clock, Logger } from '@credence/sdk/runtime';
import type { CgroupPattern } from '../../../domain/cgroup-pattern.js';
import { agentError } from '../../../domain/errors.js';
import {
  checkMembership,
  findContainer,
  type ContainerPlace,
  type ContainerSearch,
} from '../container/container-place.js';
import type { Workload, WorkloadAttestor } from '../workload-attestor.js';
import type { ImageSignatures } from '../sigstore/image-signatures.js';
import { EngineApi, type Container, type Image } from './engine-api.js';

export interface DockerAttestorOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where proc(5) is mounted. */
  readonly procPath: string;
  /** Docker's socket; absolute, as the others. */
  readonly dockerSocketPath: string;
  /** The version of the Engine API, such as `1.44`; undefined: the newest that the daemon knows. */
  readonly dockerVersion: string | undefined;
  /** The socket of root's Podman. */
  readonly podmanSocketPath: string;
  /**
   * Where users' own Podmans listen, `%d` standing for the user. Undefined: their containers have no selectors. Such a
   * socket belongs to the user, who can make it say anything.
   */
  readonly podmanSocketPathTemplate: string | undefined;
  /** Where in their paths control groups say a container's ID; none: in any name of 64 hexadecimal digits. */
  readonly cgroupPatterns: readonly CgroupPattern[];
  /** Whether the control groups of each process are logged, at the level debug. */
  readonly verboseContainerLocatorLogs: boolean;
  /** Undefined: nobody asks who signed images. */
  readonly signatures: ImageSignatures | undefined;
}

// A process may call before its container is known as running.
const waitsMs = [100, 200, 400];

/**
 * Values: `label:<key>:<value>`, `env:<name>=<value>`, `image_id:<the image as it was named>` and
 * `image_config_digest:sha256:<hexadecimal>`, the last if the daemon still has the image; with signatures those of
 * {@link ImageSignatures}, or no value at all. None outside of containers.
 */
export class DockerAttestor implements WorkloadAttestor {
  readonly type = 'docker';
  readonly #options: DockerAttestorOptions;

  constructor(options: DockerAttestorOptions) {
    this.#options = options;
  }

  async attest({ pid }: Workload, signal: AbortSignal): Promise<readonly string[]> {
    const { procPath, dockerVersion: version } = this.#options;
    const place = await findContainer(this.#search(), pid);
    const socketPath = place && this.#socketOf(place);
    if (place === undefined || socketPath === undefined) return [];
    const api = new EngineApi({ socketPath, version });
    const container = await this.#running(api, place.id, signal);
    await checkMembership(procPath, pid, place, container.State.Pid);
    const image = await this.#image(api, container, signal);
    return [...valuesOf(container), ...digestOf(image), ...(await this.#signatures(image))];
  }

  #search(): ContainerSearch {
    const { procPath, cgroupPatterns: patterns, verboseContainerLocatorLogs: verbose, log } = this.#options;
    return { procPath, patterns, log: verbose ? log : undefined };
  }

  // Podman says in the names of control groups who it is, and whose.
  #socketOf({ groups }: ContainerPlace): string | undefined {
    const podmans = groups.find((group) => /libpod-|\/libpod\//.test(group));
    if (podmans === undefined) return this.#options.dockerSocketPath;
    // The first slice of that form is the login's, whatever the user calls his groups below it.
    const user = /\/user-(\d+)\.slice\//.exec(podmans)?.[1];
    if (user === undefined) return this.#options.podmanSocketPath;
    return this.#options.podmanSocketPathTemplate?.replace('%d', user);
  }

  // By digest, not by the name that the container was started with, which may have come to mean another image.
  async #image(api: EngineApi, { Image: digest }: Container, signal: AbortSignal): Promise<Image | undefined> {
    try {
      return await api.image(digest, signal);
    } catch (error) {
      if (this.#options.signatures === undefined) return undefined;
      throw error;
    }
  }

  async #signatures(image: Image | undefined): Promise<readonly string[]> {
    const { signatures } = this.#options;
    if (signatures === undefined || image === undefined) return [];
    return signatures.selectors({ id: image.Id, names: image.RepoDigests ?? [] });
  }

  async #running(api: EngineApi, id: string, signal: AbortSignal): Promise<Container> {
    for (const waitMs of waitsMs) {
      try {
        return await running(api, id, signal);
      } catch {
        await this.#options.clock.sleep(waitMs, { signal });
      }
    }
    return running(api, id, signal);
  }
}

async function running(api: EngineApi, id: string, signal: AbortSignal): Promise<Container> {
  const container = await api.container(id, signal);
  if (container.State.Pid === 0) throw agentError('ERR_ATTESTATION', `container ${id} does not run`);
  return container;
}

function valuesOf({ Config: { Labels, Env, Image } }: Container): readonly string[] {
  return [
    ...Object.entries(Labels ?? {}).map(([key, value]) => `label:${key}:${value}`),
    ...(Env ?? []).map((variable) => `env:${variable}`),
    ...(Image === '' ? [] : [`image_id:${Image}`]),
  ];
}

function digestOf(image: Image | undefined): readonly string[] {
  return image === undefined ? [] : [`image_config_digest:${image.Id}`];
}
