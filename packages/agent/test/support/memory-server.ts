// The server as the identity room sees it, without a wire.
import type { TrustDomain } from '@credence/sdk';
import type { ManualClock, TestCa } from '@credence/sdk/testing';
import { CertificateRequest, signCertificate } from '@credence/sdk/x509';
import type { AuthorizedEntry } from '../../dist/domain/authorized-entry.js';
import type { Ring, ServerPort, X509SvidRequest, X509SvidResult } from '../../dist/identity/ports.js';
import { agentError } from '../../dist/domain/errors.js';
import { bundle } from './entries.js';

const hour = 3_600_000;

/** Answers from memory; issues real certificates. */
export class MemoryServer implements ServerPort {
  entries: AuthorizedEntry[] = [];
  batchSize = 2;
  failure: Error | undefined;
  readonly refused = new Set<string>();
  readonly batches: number[] = [];
  syncs = 0;
  /** The IDs of each call of `getEntries`. */
  readonly asked: (readonly string[])[] = [];
  lifetimeMs = hour;
  own = bundle('example.org', 'root');
  readonly #ca: TestCa;
  readonly #clock: ManualClock;

  constructor(ca: TestCa, clock: ManualClock) {
    this.#ca = ca;
    this.#clock = clock;
  }

  syncEntries(): Promise<readonly AuthorizedEntry[]> {
    this.syncs++;
    return this.failure === undefined ? Promise.resolve(this.entries) : Promise.reject(this.failure);
  }

  getEntries(ids: readonly string[]): Promise<readonly AuthorizedEntry[]> {
    this.asked.push(ids);
    const found = this.entries.filter(({ id }) => ids.includes(id));
    return this.failure === undefined ? Promise.resolve(found) : Promise.reject(this.failure);
  }

  fetchBundle(): Promise<ReturnType<typeof bundle>> {
    return Promise.resolve(this.own);
  }

  fetchFederatedBundles(domains: readonly TrustDomain[]): Promise<ReadonlyMap<string, ReturnType<typeof bundle>>> {
    const known = domains.filter(({ name }) => name !== 'missing.test');
    return Promise.resolve(new Map(known.map(({ name }) => [name, bundle(name, 'root')])));
  }

  newX509Svids(requests: readonly X509SvidRequest[]): Promise<readonly X509SvidResult[]> {
    this.batches.push(requests.length);
    return Promise.resolve(requests.map((request) => this.#issue(request)));
  }

  newJwtSvid(): Promise<string> {
    return Promise.reject(agentError('ERR_SERVER_UNREACHABLE', 'no JWT-SVID is planned'));
  }

  watches: AsyncIterable<Ring>[] = [];

  watchChanges(): AsyncIterable<Ring> {
    return this.watches.shift() ?? failing(agentError('ERR_SERVER_UNREACHABLE', 'no watch is planned'));
  }

  #issue({ entryId, csr }: X509SvidRequest): X509SvidResult {
    if (this.refused.has(entryId)) return { kind: 'refused', reason: 'entry not found or not authorized' };
    const { publicKeyInfo, uriSans } = CertificateRequest.parse(csr);
    const notBefore = this.#clock.now();
    const notAfter = new Date(notBefore.getTime() + this.lifetimeMs);
    const template = this.#ca.leafTemplate(uriSans[0] ?? '', this.#ca.key, { notBefore, notAfter });
    return { kind: 'issued', chain: [signCertificate({ ...template, publicKeyInfo }, this.#ca.key)] };
  }
}

/** A watch that fails at once. */
export async function* failing(error: Error): AsyncGenerator<Ring, void, undefined> {
  await Promise.reject(error);
  yield { entries: true, bundles: true, entryIds: [] };
}
