// Gets X.509-SVIDs for entries: a fresh key for each, which never leaves this process except to its workload.
import type { KeyObject } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { generateKey, type KeyType } from '@credence/sdk/keys';
import type { Clock, Logger } from '@credence/sdk/runtime';
import { createCertificateRequest } from '@credence/sdk/x509';
import type { AuthorizedEntry } from '../domain/authorized-entry.js';
import { parseIssuedSvid } from '../domain/issued-svid.js';
import type { WorkloadX509Svid } from '../domain/workload-identity.js';
import type { ServerPort, X509SvidResult } from './ports.js';
import type { SvidCache } from './svid-cache.js';

// Keys are made on the threads that also read files for attestation: callers must not wait for a batch of RSA keys.
const parallelKeys = 2;

export interface MinterOptions {
  readonly clock: Clock;
  readonly server: Pick<ServerPort, 'batchSize' | 'newX509Svids'>;
  readonly svids: SvidCache;
  readonly keyType: KeyType;
  readonly log: Logger;
  /** Entries that have just got a new SVID. */
  readonly onIssued: (entries: readonly AuthorizedEntry[]) => void;
}

interface Request {
  readonly entry: AuthorizedEntry;
  readonly privateKey: KeyObject;
  readonly csr: Buffer;
}

export class Minter {
  readonly #options: MinterOptions;

  constructor(options: MinterOptions) {
    this.#options = options;
  }

  /**
   * Asks for an SVID for each entry, batch by batch. One that the server refuses is left as it is, with a warning.
   *
   * @throws as ServerPort; the batches before are kept.
   */
  async mint(entries: readonly AuthorizedEntry[], signal: AbortSignal): Promise<void> {
    const { server } = this.#options;
    for (let start = 0; start < entries.length;) {
      const batch = entries.slice(start, start + server.batchSize);
      await this.#mintBatch(batch, signal);
      start += batch.length;
    }
  }

  async #mintBatch(batch: readonly AuthorizedEntry[], signal: AbortSignal): Promise<void> {
    const { server, onIssued } = this.#options;
    const requests = await this.#prepareAll(batch);
    const wire = requests.map(({ entry, csr }) => ({ entryId: entry.id, csr }));
    const results = await server.newX509Svids(wire, signal);
    const issued: AuthorizedEntry[] = [];
    for (const [index, request] of requests.entries()) {
      if (this.#accept(request, results[index])) issued.push(request.entry);
      // Checking takes about a millisecond: workloads that ask meanwhile do not wait for the whole batch.
      if (index % 8 === 7) await nextTurn();
    }
    onIssued(issued);
  }

  async #prepareAll(batch: readonly AuthorizedEntry[]): Promise<readonly Request[]> {
    const requests: Request[] = [];
    const waiting = batch.values();
    const prepareNext = async (): Promise<void> => {
      for (const entry of waiting) requests.push(await this.#prepare(entry));
    };
    await Promise.all(Array.from({ length: parallelKeys }, prepareNext));
    return requests;
  }

  async #prepare(entry: AuthorizedEntry): Promise<Request> {
    const { svids, keyType, log } = this.#options;
    const fields = { entryId: entry.id, spiffeId: entry.spiffeId.toString() };
    log.info(fields, svids.holds(entry.id) ? 'renewing X509-SVID' : 'creating X509-SVID');
    const privateKey = await generateKey(keyType);
    const names = { subject: { country: ['US'], organization: ['SPIRE'] }, uris: [fields.spiffeId] };
    return { entry, privateKey, csr: createCertificateRequest(names, privateKey) };
  }

  #accept({ entry, privateKey }: Request, result: X509SvidResult | undefined): boolean {
    const { clock, svids } = this.#options;
    try {
      const svid = issuedSvid(entry, privateKey, result);
      // The one that is held may still be good.
      if (svid.expiresAt <= clock.now()) throw new Error('the server issued an SVID that has expired');
      svids.store(entry, svid);
      return true;
    } catch (error) {
      svids.refuse(entry);
      const fields = { entryId: entry.id, spiffeId: entry.spiffeId.toString(), err: error };
      this.#options.log.warn(fields, 'failed to mint X509-SVID');
      return false;
    }
  }
}

function issuedSvid(
  entry: AuthorizedEntry,
  privateKey: KeyObject,
  result: X509SvidResult | undefined,
): WorkloadX509Svid {
  if (result?.kind !== 'issued') throw new Error(result?.reason ?? 'the server sent no result');
  const { id, ...svid } = parseIssuedSvid(result.chain, privateKey);
  // The entry may have been changed since it was fetched; an SVID of another ID is not what it says.
  if (!id.equals(entry.spiffeId)) throw new Error(`the server issued an SVID of ${String(id)}`);
  return svid;
}
