// Keeps the files of a program that knows nothing of SPIFFE: writes certificates, key and bundle whenever the Workload
// API has new ones, and lets the program know.
import { X509Source, type X509Bundle, type X509Svid } from '@credence/sdk';
import { Backoff, type Clock, type Logger, type Random } from '@credence/sdk/runtime';
import { MetricsFile } from './metrics-file.js';
import { RenewalNotice } from './renewal-notice.js';
import type { HelperSettings } from './settings.js';
import { VersionedDirectory, type VersionedFile } from './versioned-directory.js';

export interface HelperPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

interface Identity {
  readonly svid: X509Svid;
  readonly bundle: X509Bundle;
}

export class Helper {
  readonly #settings: HelperSettings;
  readonly #ports: HelperPorts;
  readonly #directory: VersionedDirectory;
  readonly #metrics: MetricsFile;

  constructor(settings: HelperSettings, ports: HelperPorts) {
    this.#settings = settings;
    this.#ports = ports;
    const { directory, metricsFile } = settings;
    const { log } = ports;
    this.#directory = new VersionedDirectory({ ...directory, log });
    this.#metrics = new MetricsFile({ log, path: metricsFile, directory: directory.path });
  }

  /** Writes the files once, as soon as there is an identity; tells no program. @throws when they cannot be written */
  async init(signal: AbortSignal): Promise<void> {
    await this.#directory.prepare();
    await using source = await this.#open(signal);
    await this.#write(identityOf(source));
  }

  /** Keeps the files until the signal aborts. What cannot be written is tried again for ever. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#directory.prepare();
    await using metrics = this.#metrics;
    await using notice = this.#notice(metrics);
    await using source = await this.#open(signal);
    for await (const _ of source.updates({ signal })) {
      await this.#renew(identityOf(source), signal);
      await notice.give();
    }
    // The Workload API refuses for good: this says why.
    await source.waitUntilUpdated({ signal });
  }

  #open(signal: AbortSignal): Promise<X509Source> {
    const { address, hint } = this.#settings;
    const { clock, log } = this.#ports;
    return X509Source.create({ address, hint, clock, logger: log, signal, onRevoked: 'keep' });
  }

  #notice(metrics: MetricsFile): RenewalNotice {
    const onFailure = (): void => {
      void metrics.failed();
    };
    return new RenewalNotice({ ...this.#settings.renewal, ...this.#ports, onFailure });
  }

  async #renew(identity: Identity, signal: AbortSignal): Promise<void> {
    const { clock, random, log } = this.#ports;
    const backoff = new Backoff({ initialMs: 1000, factor: 2, maxMs: 60_000, jitter: 0.2 }, random);
    for (;;) {
      try {
        await this.#write(identity);
        return;
      } catch (error) {
        const retryInMs = Math.round(backoff.next());
        log.error({ err: error, retryInMs }, 'the files could not be written');
        await this.#metrics.failed();
        await clock.sleep(retryInMs, { signal });
      }
    }
  }

  async #write(identity: Identity): Promise<void> {
    const { directory, files } = this.#settings;
    const { expiresAt, id } = identity.svid;
    await this.#directory.publish(filesOf(identity, files));
    this.#ports.log.info({ spiffeId: id.toString(), expiresAt, path: directory.path }, 'files written');
    await this.#metrics.renewed(this.#ports.clock.now(), expiresAt);
  }
}

function identityOf(source: X509Source): Identity {
  const svid = source.getX509Svid();
  return { svid, bundle: source.getX509BundleForTrustDomain(svid.id.trustDomain) };
}

function filesOf({ svid, bundle }: Identity, files: HelperSettings['files']): readonly VersionedFile[] {
  const { certificates, key, bundle: bundleName, certificateMode, keyMode } = files;
  return [
    { name: certificates, content: svid.certChainPem(), mode: certificateMode },
    { name: key, content: svid.privateKeyPem(), mode: keyMode },
    { name: bundleName, content: bundle.toPem(), mode: certificateMode },
  ];
}
