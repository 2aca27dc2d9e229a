// Where the server is: one IP address, or all those of a name. Each connection begins with the next of them, so that a
// server that has failed is the last to be tried again, and the agents of a trust domain spread over all.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock, Random } from '@credence/sdk/runtime';
import { agentError } from '../domain/errors.js';

/** Every address of a name, in any order; rejects when there is none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** As the operating system resolves names: A and AAAA records, the hosts file. */
export async function resolveHost(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

// The name service may be away together with the server.
const patienceMs = 2000;

export interface ServerAddressesOptions {
  readonly clock: Clock;
  /** Host name, IPv4 address, or IPv6 address without brackets. */
  readonly host: string;
  readonly random: Random;
  readonly resolve: Resolve;
}

export class ServerAddresses {
  readonly host: string;
  readonly #options: ServerAddressesOptions;
  readonly #start: number;
  #known: readonly string[] = [];
  #last: string | undefined;

  constructor(options: ServerAddressesOptions) {
    this.host = options.host;
    this.#options = options;
    this.#start = options.random.uniform();
  }

  /**
   * All addresses of this moment, in the order to try them; those of before while the name cannot be resolved.
   *
   * @throws ERR_SERVER_UNREACHABLE when there never was one.
   */
  async candidates(): Promise<readonly string[]> {
    if (isIP(this.host) !== 0) return [this.host];
    const addresses = [...new Set(await this.#resolve())].sort();
    if (addresses.length === 0) throw unresolved(this.host);
    this.#known = addresses;
    const last = this.#last === undefined ? -1 : addresses.indexOf(this.#last);
    const first = last === -1 ? Math.floor(this.#start * addresses.length) : (last + 1) % addresses.length;
    return [...addresses.slice(first), ...addresses.slice(0, first)];
  }

  /** The address that is connected to: the next connection begins after it. */
  use(address: string): void {
    this.#last = address;
  }

  async #resolve(): Promise<readonly string[]> {
    const { clock, resolve } = this.#options;
    const done = new AbortController();
    try {
      const resolving = resolve(this.host);
      if (this.#known.length === 0) return await resolving;
      const late = clock.sleep(patienceMs, { signal: done.signal }).then(() => this.#known);
      return await Promise.race([resolving, late]);
    } catch (cause) {
      if (this.#known.length > 0) return this.#known;
      throw unresolved(this.host, cause);
    } finally {
      done.abort();
    }
  }
}

function unresolved(host: string, cause?: unknown): Error {
  const problem = cause instanceof Error ? `: ${cause.message}` : '';
  return agentError('ERR_SERVER_UNREACHABLE', `the server's name ${host} has no address${problem}`, { cause });
}
