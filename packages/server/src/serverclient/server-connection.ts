// The connection to the server above: mutual TLS with the X.509-SVID that the Workload API gives this server, which the
// connection follows. It is made when first needed, and anew when it could not be made or gets no SVIDs any more.
import { status, type ServiceError } from '@grpc/grpc-js';
import { authorizeId, SpiffeId, X509Source, type TrustDomain, type X509SourceOptions } from '@credence/sdk';
import { mtlsChannelCredentials } from '@credence/sdk/grpc';
import type { Clock, Logger, Random } from '@credence/sdk/runtime';
import { bundleApi, svidApi } from '@credence/sdk/wire';
import type { BundleClient } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/Bundle.js';
import type { SVIDClient } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/SVID.js';
import { serverError } from '../domain/errors.js';
import { serverPath } from '../domain/id-class.js';

export interface ServerConnectionOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly trustDomain: TrustDomain;
  /** Host name, IPv4 address, or IPv6 address without brackets. */
  readonly address: string;
  readonly port: number;
  /** The path of the Workload API's socket. */
  readonly workloadApiSocket: string;
  /** Ends every call. */
  readonly signal: AbortSignal;
}

interface Clients {
  readonly svid: SVIDClient;
  readonly bundle: BundleClient;
}

interface Line extends Clients {
  readonly source: X509Source;
}

/** A call as grpc-js makes it. */
export type Ask<Response> = (
  clients: Clients,
  options: { readonly deadline: Date },
  done: (error: ServiceError | null, response?: Response) => void,
) => { cancel(): void };

const callTimeoutMs = 30_000;

export class ServerConnection implements AsyncDisposable {
  readonly #options: ServerConnectionOptions;
  #line: Promise<Line> | undefined;

  constructor(options: ServerConnectionOptions) {
    this.#options = options;
  }

  /** @throws `ERR_UPSTREAM`, the signal's reason */
  async call<Response>(method: string, ask: Ask<Response>): Promise<Response> {
    const { clock, signal } = this.#options;
    signal.throwIfAborted();
    const line = await this.#open();
    signal.throwIfAborted();
    const deadline = new Date(clock.now().getTime() + callTimeoutMs);
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        running.cancel();
      };
      const running = ask(line, { deadline }, (error, response) => {
        signal.removeEventListener('abort', cancel);
        if (response === undefined) reject(failure(method, error));
        else resolve(response);
      });
      signal.addEventListener('abort', cancel, { once: true });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const line = await this.#line?.catch(() => undefined);
    if (line !== undefined) await close(line);
  }

  async #open(): Promise<Line> {
    this.#line ??= this.#connect();
    try {
      return await this.#line;
    } catch (error) {
      this.#line = undefined;
      throw error;
    }
  }

  async #connect(): Promise<Line> {
    const { address, port, clock, random, log: logger, trustDomain, workloadApiSocket, signal } = this.#options;
    const source = await openSource(workloadApiSocket, { clock, random, logger, signal, timeoutMs: callTimeoutMs });
    const target = `dns:///${address.includes(':') ? `[${address}]` : address}:${port}`;
    const credentials = mtlsChannelCredentials({
      svid: source,
      bundles: source,
      authorize: authorizeId(SpiffeId.fromPath(trustDomain, serverPath)),
      clock,
      logger,
    });
    const options = {
      // Settings that the name service offers are not ours; neither is a proxy.
      'grpc.service_config_disable_resolution': 1,
      'grpc.enable_http_proxy': 0,
      'grpc.enable_channelz': 0,
    };
    const line = {
      source,
      svid: svidApi.createClient(target, credentials, options),
      bundle: bundleApi.createClient(target, credentials, options),
    };
    void this.#dropOnceEnded(line);
    return line;
  }

  // SPIFFE Workload Endpoint app. A: some answers end a source for good, also those of an agent that is being replaced.
  async #dropOnceEnded(line: Line): Promise<void> {
    try {
      for (;;) await line.source.waitUntilUpdated();
    } catch {
      this.#line = undefined;
      await close(line);
    }
  }
}

async function close({ svid, bundle, source }: Line): Promise<void> {
  svid.close();
  bundle.close();
  await source.close();
}

async function openSource(path: string, options: X509SourceOptions): Promise<X509Source> {
  const address = `unix://${path.split('/').map(encodeURIComponent).join('/')}`;
  try {
    return await X509Source.create({ ...options, address });
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw serverError('ERR_UPSTREAM', `no identity for the upstream server: ${(cause as Error).message}`, { cause });
  }
}

function failure(method: string, cause: ServiceError | null): Error {
  const problem = cause === null ? 'no response' : `${status[cause.code]}: ${cause.details}`;
  return serverError('ERR_UPSTREAM', `${method} of the upstream server failed: ${problem}`, { cause });
}
