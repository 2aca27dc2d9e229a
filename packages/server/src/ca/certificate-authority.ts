// The certificate authority as a whole: authorities that replace themselves in time, the bundle that vouches for them,
// X.509-SVIDs for whoever the rest of the server admits, and one for the server itself.
import type { TrustDomain } from '@credence/sdk';
import type { KeyType } from '@credence/sdk/keys';
import { every, type Clock, type Logger, type Random } from '@credence/sdk/runtime';
import type { BundleStore } from '../datastore/bundle-store.js';
import type { JournalStore } from '../datastore/journal-store.js';
import type { KeyManager } from '../keys/key-manager.js';
import { AuthorityJournal } from './journal.js';
import { OwnBundle } from './own-bundle.js';
import type { IssuedX509Svid, X509SvidIssuer, X509SvidRequest } from './ports.js';
import { AuthorityRotation } from './rotation.js';
import { guaranteedTtlMs, isLive } from './rotation-policy.js';
import { ServerSvid } from './server-svid.js';
import { subjectKeyIdsOf } from './subject-key-ids.js';
import { defaultCaSubject, type CaSubject } from './templates/ca-certificate.js';
import type { X509SigningAuthority } from './x509-authority.js';
import { X509AuthorityKind } from './x509-authority-kind.js';
import { X509Issuer } from './x509-issuer.js';

const second = 1000;
const hour = 60 * 60 * second;

export interface CertificateAuthorityOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly keys: KeyManager;
  readonly bundles: BundleStore;
  readonly journals: JournalStore;
  readonly trustDomain: TrustDomain;
  readonly caTtlMs: number;
  /** Of authorities, and of the server's own SVID. */
  readonly caKeyType: KeyType;
  /** Undefined: C=US, O=SPIFFE. */
  readonly caSubject?: CaSubject | undefined;
  /** The lifetime of an X.509-SVID whose request names none. */
  readonly defaultX509SvidTtlSeconds: number;
}

/** Signs for one trust domain. */
export class CertificateAuthority implements X509SvidIssuer, AsyncDisposable {
  /** The authorities that peers of the own trust domain are verified against; emits `update`. */
  readonly bundle: OwnBundle;
  /** What the server's listeners present; emits `update`. */
  readonly serverSvid: ServerSvid;
  readonly #options: CertificateAuthorityOptions;
  readonly #issuer: X509Issuer;
  readonly #stop = new AbortController();
  #x509: AuthorityRotation<X509SigningAuthority> | undefined;
  #routines: readonly Promise<void>[] = [];

  constructor(options: CertificateAuthorityOptions) {
    const { bundles, caKeyType, clock, defaultX509SvidTtlSeconds, random, trustDomain } = options;
    this.#options = options;
    this.bundle = new OwnBundle(bundles, trustDomain);
    this.#issuer = new X509Issuer({
      clock,
      random,
      defaultTtlSeconds: defaultX509SvidTtlSeconds,
      authority: () => this.#x509?.slots.active?.authority,
    });
    this.serverSvid = new ServerSvid({
      clock,
      keyType: caKeyType,
      bundle: this.bundle,
      issue: (publicKeyInfo) => this.#issuer.issueServerSvid(trustDomain, publicKeyInfo),
      activeKeyId: () => this.#x509?.slots.active?.authority.limits.authorityKeyId,
    });
  }

  /**
   * Takes up the authorities of an earlier run or makes the first one. When it resolves the server can sign and has its
   * own SVID; rotation goes on until the signal aborts or the authority is disposed.
   *
   * @throws `ERR_KEYS`, `ERR_DATASTORE`, `ERR_DATASTORE_UNUSABLE`, `ERR_PROFILE`
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#warnOfCutLifetimes();
    await this.bundle.refresh();
    const journal = await AuthorityJournal.open(this.#options.journals, subjectKeyIdsOf(this.#options.keys));
    const rotation = this.#createRotation(journal);
    rotation.restore(this.bundle.stored);
    await rotation.tick();
    this.#x509 = rotation;
    await this.serverSvid.rotateWhenDue();
    this.#routines = this.#startRoutines(rotation, journal, AbortSignal.any([signal, this.#stop.signal]));
  }

  issueX509Svid(request: X509SvidRequest): IssuedX509Svid {
    return this.#issuer.issueX509Svid(request);
  }

  /** Whether it has started, with a live authority to sign with and a live SVID to present. */
  get isReady(): boolean {
    const active = this.#x509?.slots.active?.authority;
    if (active === undefined || this.#routines.length === 0) return false;
    const now = this.#options.clock.now();
    return isLive(active, now) && isLive(this.serverSvid.getX509Svid(), now);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#routines);
  }

  #createRotation(journal: AuthorityJournal): AuthorityRotation<X509SigningAuthority> {
    const { caKeyType, caSubject = defaultCaSubject, caTtlMs, clock, keys, log, random, trustDomain } = this.#options;
    const settings = { trustDomain, keyType: caKeyType, ttlMs: caTtlMs, subject: caSubject };
    const kind = new X509AuthorityKind({ clock, random, keys, bundle: this.bundle, ...settings });
    return new AuthorityRotation({ kind, journal, clock, log });
  }

  #startRoutines(
    rotation: AuthorityRotation<X509SigningAuthority>,
    journal: AuthorityJournal,
    signal: AbortSignal,
  ): readonly Promise<void>[] {
    const { clock, log } = this.#options;
    const routine = (name: string, intervalMs: number, work: () => Promise<void>): Promise<void> =>
      every({ name, intervalMs, clock, log, signal }, work);
    return [
      routine('bundle refresh', second, () => this.bundle.refresh()),
      routine('server SVID rotation', 5 * second, () => this.serverSvid.rotateWhenDue()),
      routine('authority rotation', 10 * second, () => rotation.tick()),
      routine('bundle pruning', 6 * hour, () => this.#pruneBundle()),
      routine('journal pruning', 8 * hour, () => journal.prune(clock.now(), log)),
    ];
  }

  async #pruneBundle(): Promise<void> {
    const { clock, log, trustDomain } = this.#options;
    const authorities = await this.bundle.prune(clock.now());
    if (authorities > 0) log.info({ trustDomain: trustDomain.name, authorities }, 'pruned the bundle');
  }

  #warnOfCutLifetimes(): void {
    const { caTtlMs, defaultX509SvidTtlSeconds, log } = this.#options;
    const guaranteedSeconds = Math.floor(guaranteedTtlMs(caTtlMs) / second);
    if (defaultX509SvidTtlSeconds <= guaranteedSeconds) return;
    log.warn(
      { defaultX509SvidTtlSeconds, guaranteedSeconds },
      'x509-svids may be cut short by the life of the authority',
    );
  }
}
