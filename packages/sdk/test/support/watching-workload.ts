// An open FetchX509SVID stream of this very process: everything that came, and how it ended.
import { credentials, Metadata, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { X509Svid } from '@credence/sdk';
import { workloadApi } from '@credence/sdk/wire';
import type { X509SVIDResponse__Output } from '@credence/sdk/wire/gen/X509SVIDResponse.js';
import { until } from './until.js';

/** One message of the stream, and when it came. */
export interface Update {
  readonly at: Date;
  readonly svids: readonly X509Svid[];
  readonly message: X509SVIDResponse__Output;
}

export class WatchingWorkload implements Disposable {
  readonly updates: Update[] = [];
  ending: ServiceError | undefined;
  readonly #stream: ClientReadableStream<X509SVIDResponse__Output>;
  readonly #close: () => void;

  constructor(socketPath: string) {
    const client = workloadApi.createClient(`unix:${socketPath}`, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('workload.spiffe.io', 'true');
    this.#stream = client.fetchX509Svid({}, metadata);
    this.#stream.on('data', (message: X509SVIDResponse__Output) => {
      const svids = message.svids.map(({ x509_svid: chain, x509_svid_key: key }) => X509Svid.parseRaw(chain, key));
      this.updates.push({ at: new Date(), svids, message });
    });
    this.#stream.on('error', (error: ServiceError) => {
      this.ending = error;
    });
    this.#close = () => {
      client.close();
    };
  }

  /** Paths of the newest identities, sorted. */
  get paths(): readonly string[] {
    return (this.updates.at(-1)?.svids ?? []).map(({ id }) => id.path).sort();
  }

  /** Resolves when exactly these identities are held. */
  async waitFor(...paths: readonly string[]): Promise<void> {
    await until(`the workload holds ${paths.join()}`, () => this.paths.join() === paths.join());
  }

  async waitForUpdates(count: number): Promise<void> {
    await until(`${count} updates`, () => this.updates.length >= count);
  }

  waitForEnd(): Promise<ServiceError> {
    return until('the stream ends', () => this.ending);
  }

  [Symbol.dispose](): void {
    this.#stream.cancel();
    this.#close();
  }
}
