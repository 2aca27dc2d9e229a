// The helper's metrics as a file in Prometheus' text format, for the textfile collector of the node exporter: it needs no
// port, and says when the files expire also while the helper is down.
import { writeFileAtomic, type Logger } from '@credence/sdk/runtime';

interface HelperMetrics {
  /** Of the X.509-SVID in the files. */
  readonly expiresAt: Date | undefined;
  readonly renewedAt: Date | undefined;
  readonly renewals: number;
  /** Files that could not be written, commands that failed, signals that could not be sent. */
  readonly failures: number;
}

export interface MetricsFileOptions {
  readonly log: Logger;
  /** Undefined: nobody wants them. */
  readonly path: string | undefined;
  /** Where the helper keeps the files: the label of each metric. */
  readonly directory: string;
}

export class MetricsFile implements AsyncDisposable {
  readonly #options: MetricsFileOptions;
  #metrics: HelperMetrics = { expiresAt: undefined, renewedAt: undefined, renewals: 0, failures: 0 };
  #writing: Promise<void> = Promise.resolve();

  constructor(options: MetricsFileOptions) {
    this.#options = options;
  }

  renewed(renewedAt: Date, expiresAt: Date): Promise<void> {
    return this.#replace({ ...this.#metrics, expiresAt, renewedAt, renewals: this.#metrics.renewals + 1 });
  }

  failed(): Promise<void> {
    return this.#replace({ ...this.#metrics, failures: this.#metrics.failures + 1 });
  }

  /** Resolves when nothing is being written any more. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#writing;
  }

  /** Never rejects: the files that it tells of count for more. */
  #replace(metrics: HelperMetrics): Promise<void> {
    this.#metrics = metrics;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { log, path, directory } = this.#options;
    if (path === undefined) return;
    try {
      await writeFileAtomic(path, renderMetrics(directory, this.#metrics), 0o644);
    } catch (error) {
      log.error({ err: error, path }, 'the metrics could not be written');
    }
  }
}

function renderMetrics(directory: string, { expiresAt, renewedAt, renewals, failures }: HelperMetrics): string {
  const label = `{cert_dir="${escaped(directory)}"}`;
  const metric = (name: string, type: string, help: string, value: number | undefined): string =>
    value === undefined
      ? ''
      : `# HELP credence_helper_${name} ${help}\n# TYPE credence_helper_${name} ${type}\ncredence_helper_${name}${label} ${value}\n`;
  return [
    metric('svid_expiry_timestamp_seconds', 'gauge', 'When the X.509-SVID expires.', secondsOf(expiresAt)),
    metric('last_renewal_timestamp_seconds', 'gauge', 'When the files were last written.', secondsOf(renewedAt)),
    metric('renewals_total', 'counter', 'How often files were written since the start.', renewals),
    metric('failures_total', 'counter', 'Failed writes, commands and signals since the start.', failures),
  ].join('');
}

function secondsOf(instant: Date | undefined): number | undefined {
  return instant && Math.floor(instant.getTime() / 1000);
}

function escaped(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('"', String.raw`\"`)
    .replaceAll('\n', String.raw`\n`);
}
