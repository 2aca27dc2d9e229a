// A real Envoy as a process: started, asked through its admin endpoint, called through its listeners.
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child } from '../support/child.js';
import type { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';

/** An Envoy that is running; it ends with its deployment. */
export class Envoy {
  readonly child: Child;
  readonly #adminPort: number;

  private constructor(child: Child, adminPort: number) {
    this.child = child;
    this.#adminPort = adminPort;
  }

  /** Starts it and waits for its admin endpoint: its listeners may wait for the agent. */
  static async start(command: string, deployment: Deployment, configuration: object): Promise<Envoy> {
    const folder = await mkdtemp(join(deployment.folder, 'envoy-'));
    const configPath = join(folder, 'envoy.json');
    const adminPath = join(folder, 'admin.txt');
    await writeFile(configPath, JSON.stringify(configuration));
    // Without hot restart it shares no memory and no socket with another Envoy of this machine.
    const flags = ['--disable-hot-restart', '--concurrency', '1', '--admin-address-path', adminPath];
    const child = deployment.track(new Child(command, ['-c', configPath, ...flags]));
    const port = await until('Envoy to start', async () => {
      if (!child.running) throw new Error(`it ended: ${child.stderr.slice(-2000)}`);
      return /:(\d+)$/.exec(await readFile(adminPath, 'utf8'))?.[1];
    });
    return new Envoy(child, Number(port));
  }

  /** What the admin endpoint answers. */
  async admin(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.#adminPort}${path}`)).text();
  }

  /** Where a listener of port 0 listens. */
  async url(listener: string): Promise<string> {
    const { listener_statuses: all } = JSON.parse(await this.admin('/listeners?format=json')) as ListenerStatuses;
    const found = all.find(({ name }) => name === listener);
    if (found === undefined) throw new Error(`no listener ${listener}`);
    return `http://127.0.0.1:${found.local_address.socket_address.port_value}/`;
  }

  /** The sum of the counters whose names match. */
  async count(pattern: string): Promise<number> {
    const text = await this.admin(`/stats?filter=${encodeURIComponent(pattern)}`);
    return [...text.matchAll(/: (\d+)$/gm)].reduce((sum, [, value]) => sum + Number(value), 0);
  }

  /** The serial numbers of the certificates that it shows, each once. */
  async serials(): Promise<readonly string[]> {
    return this.#serialsOf(({ cert_chain: [leaf] }) => (leaf === undefined ? [] : [leaf]));
  }

  /** The serial numbers of the roots that it holds of a trust domain, each once. */
  async roots(trustDomain: string): Promise<readonly string[]> {
    return this.#serialsOf(({ ca_cert: all }) => all.filter(({ path }) => path.startsWith(`${trustDomain}: `)));
  }

  async #serialsOf(pick: (pair: CertificatePair) => readonly Certificate[]): Promise<readonly string[]> {
    const { certificates } = JSON.parse(await this.admin('/certs')) as { certificates: readonly CertificatePair[] };
    return [...new Set(certificates.flatMap(pick).map((certificate) => certificate.serial_number))].sort();
  }
}

interface ListenerStatuses {
  readonly listener_statuses: readonly {
    readonly name: string;
    readonly local_address: { readonly socket_address: { readonly port_value: number } };
  }[];
}

interface Certificate {
  readonly path: string;
  readonly serial_number: string;
}

interface CertificatePair {
  readonly ca_cert: readonly Certificate[];
  readonly cert_chain: readonly Certificate[];
}
