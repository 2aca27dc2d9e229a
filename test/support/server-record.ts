// What a running server did, seen from outside: the counters of what it signed, and its audit records.
import type { Child } from './child.js';

/** The section of the configuration that makes the server count. */
export const counting = { telemetry: { Prometheus: { port: 0 } } };

const signedBy = ['x509_svid', 'jwt_svid', 'x509_ca_svid'].map((kind) => `spire_server_server_ca_sign_${kind}`);

export class ServerRecord {
  readonly #server: Child;

  constructor(server: Child) {
    this.#server = server;
  }

  /** How much it has signed: X.509-SVIDs, JWT-SVIDs and authorities. */
  async signed(): Promise<number> {
    const ready = this.#server.reports.find(({ msg }) => msg === 'http listener is ready');
    const { address, port } = ready as unknown as { address: string; port: number };
    const host = address.includes(':') ? `[${address}]` : address;
    const lines = (await (await fetch(`http://${host}:${port}/metrics`)).text()).split('\n');
    const counts = lines.map((line) => line.split(' ')).filter(([name = '']) => signedBy.includes(name));
    if (counts.length !== signedBy.length) throw new Error('the server does not count what it signs');
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** All that it wrote. */
  get output(): string {
    return this.#server.stdout + this.#server.stderr;
  }

  /** The audit records with all of these fields. */
  audited(fields: Readonly<Record<string, unknown>>): readonly Record<string, unknown>[] {
    const wanted = Object.entries({ type: 'audit', ...fields });
    return this.#server.reports.filter((line) => wanted.every(([name, value]) => line[name] === value));
  }
}
