// How the server is recognised before it has told its authorities itself: by the one source that the operator names, asked
// again at each attempt.
import type { TrustDomain } from '@credence/sdk';
import type { Clock, Logger } from '@credence/sdk/runtime';
import { agentError } from '../domain/errors.js';
import { rootBundle } from '../domain/root-bundle.js';
import type { TrustBundle } from '../domain/workload-identity.js';
import type { ServerAddress } from '../serverclient/attest-node.js';
import { fetchBundleInsecurely } from '../serverclient/fetch-bundle-insecurely.js';
import type { TrustBundleSource } from '../settings.js';
import { loadTrustBundleFile } from '../storage/trust-bundle-file.js';
import { fetchTrustBundle, type BootstrapAttempt } from '../storage/trust-bundle-url.js';

const workloadApiTimeoutMs = 60_000;

export interface BootstrapOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: TrustBundleSource | undefined;
  readonly server: ServerAddress;
}

export class Bootstrap {
  readonly #options: BootstrapOptions;
  #attempts = 0;
  #begun: Date | undefined;

  constructor(options: BootstrapOptions) {
    this.#options = options;
  }

  /** @throws ERR_BOOTSTRAP: the source is missing or of no use; ERR_SERVER_UNREACHABLE: it may be mended; `signal.reason` */
  async load(mode: BootstrapAttempt['mode'], signal: AbortSignal): Promise<TrustBundle> {
    const { source, server, log } = this.#options;
    const { trustDomain } = server;
    const attempt = this.#attempt(mode);
    switch (source?.kind) {
      case undefined:
        throw agentError(
          'ERR_BOOTSTRAP',
          'no trust bundle is stored: get one with "credence-server bundle show" and give its file with --trust-bundle',
        );
      case 'file':
        return await loadTrustBundleFile(source, trustDomain);
      case 'url':
        return await fetchTrustBundle(source, trustDomain, attempt, signal);
      case 'workload_api':
        return await fromWorkloadApi(source.address, trustDomain, signal);
      case 'insecure':
        log.warn(
          { server: server.addresses.host },
          'insecure_bootstrap: whoever answers now is believed to be the server',
        );
        return await fetchBundleInsecurely(server, signal);
    }
  }

  #attempt(mode: BootstrapAttempt['mode']): BootstrapAttempt {
    const { clock, server } = this.#options;
    const begun = (this.#begun ??= clock.now());
    const { addresses, port: serverPort } = server;
    return { mode, attempts: this.#attempts++, begun, serverAddress: addresses.host, serverPort };
  }
}

async function fromWorkloadApi(address: string, trustDomain: TrustDomain, signal: AbortSignal): Promise<TrustBundle> {
  try {
    const { WorkloadApiClient } = await import('@credence/sdk');
    await using client = new WorkloadApiClient({ address });
    const bundles = await client.fetchX509Bundles({ signal, timeoutMs: workloadApiTimeoutMs });
    const authorities = bundles.get(trustDomain)?.authorities ?? [];
    if (authorities.length === 0) throw new Error(`it has no bundle of ${trustDomain.name}`);
    return rootBundle(
      trustDomain,
      authorities.map(({ raw }) => raw),
    );
  } catch (cause) {
    signal.throwIfAborted();
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw agentError('ERR_SERVER_UNREACHABLE', `no trust bundle from the Workload API at ${address}: ${problem}`, {
      cause,
    });
  }
}
