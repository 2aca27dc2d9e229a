// The part of the Docker Engine API that tells about containers and images, as Docker and Podman serve it on a Unix
// socket. Each answer is read up to a limit and checked before anything of it is believed.
import { request, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { agentError } from '../../../domain/errors.js';

// Some fifty times what a container with many labels takes. Whoever makes an image chooses labels, and each open stream of
// its processes holds them.
const largestAnswer = 512 * 1024;

const strings = z.array(z.string()).nullish();
const containerSchema = z.object({
  Id: z.string(),
  /** The image, by digest. */
  Image: z.string(),
  State: z.object({ Pid: z.int().nonnegative() }),
  Config: z.object({ Image: z.string(), Env: strings, Labels: z.record(z.string(), z.string()).nullish() }),
});
const imageSchema = z.object({ Id: z.string().regex(/^sha256:[0-9a-f]{64}$/), RepoDigests: strings });

/** What there is to know of a container. */
export type Container = z.output<typeof containerSchema>;

/** What there is to know of an image. */
export type Image = z.output<typeof imageSchema>;

export interface EngineApiOptions {
  /** Absolute. */
  readonly socketPath: string;
  /** Of the API, such as `1.44`; undefined: the one that the daemon names as its newest. */
  readonly version: string | undefined;
}

export class EngineApi {
  readonly #socketPath: string;
  readonly #version: string | undefined;

  constructor({ socketPath, version }: EngineApiOptions) {
    this.#socketPath = socketPath;
    this.#version = version;
  }

  /**
   * @param id 64 lower-case hexadecimal digits.
   * @throws ERR_ATTESTATION for an answer other than a description of this very container, the error of the network.
   */
  async container(id: string, signal: AbortSignal): Promise<Container> {
    const container = containerSchema.safeParse(await this.#get(`/containers/${hex(id)}/json`, signal));
    if (!container.success) throw this.#refusal(`described container ${id} in an unknown form`);
    if (container.data.Id !== id) throw this.#refusal(`described another container than ${id}`);
    return container.data;
  }

  /**
   * `Id` is the digest of the image's configuration, `sha256:` and 64 lower-case hexadecimal digits.
   *
   * @param image as {@link Container}'s `Image`.
   * @throws as {@link container}
   */
  async image(image: string, signal: AbortSignal): Promise<Image> {
    const id = `sha256:${hex(image.replace(/^sha256:/, ''))}`;
    const found = imageSchema.safeParse(await this.#get(`/images/${id}/json`, signal));
    if (!found.success) throw this.#refusal(`described image ${id} in an unknown form`);
    return found.data;
  }

  async #get(path: string, signal: AbortSignal): Promise<unknown> {
    const version = this.#version ?? (await this.#newestVersion(signal));
    const response = await this.#request(`/v${version}${path}`, signal);
    if (response.statusCode !== 200) {
      response.destroy();
      throw this.#refusal(`answered ${response.statusCode ?? 0} to GET /v${version}${path}`);
    }
    const body = await this.#bodyOf(response);
    try {
      return JSON.parse(body) as unknown;
    } catch {
      throw this.#refusal('sent something that is not JSON'); // the parser's own message quotes the environment
    }
  }

  async #newestVersion(signal: AbortSignal): Promise<string> {
    const response = await this.#request('/_ping', signal);
    response.destroy();
    const version = response.headers['api-version'];
    if (typeof version !== 'string' || !/^\d{1,3}\.\d{1,3}$/.test(version)) throw this.#refusal('names no API version');
    return version;
  }

  #request(path: string, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      request({ socketPath: this.#socketPath, path, agent: false, signal })
        .on('response', resolve)
        .on('error', reject)
        .end();
    });
  }

  async #bodyOf(response: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of response) {
      const bytes = chunk as Buffer;
      length += bytes.length;
      if (length > largestAnswer) throw this.#refusal(`sent more than ${largestAnswer} bytes`);
      chunks.push(bytes);
    }
    return Buffer.concat(chunks).toString();
  }

  #refusal(problem: string): Error {
    return agentError('ERR_ATTESTATION', `the daemon at ${this.#socketPath} ${problem}`);
  }
}

// Whatever goes into a path is nothing else.
function hex(text: string): string {
  if (!/^[0-9a-f]{64}$/.test(text))
    throw agentError('ERR_ATTESTATION', `${JSON.stringify(text)} is no ID of 64 digits`);
  return text;
}
