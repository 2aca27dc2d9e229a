// The certificate authority as a whole: authorities that replace themselves in time or by hand, the bundle that vouches
// for them, SVIDs for whoever the rest of the server admits, and one for the server itself.
import type { TrustDomain } from '@credence/sdk';
import type { KeyType } from '@credence/sdk/keys';
import { every, type Clock, type Logger, type Random } from '@credence/sdk/runtime';
import type { BundleStore } from '../datastore/bundle-store.js';
import type { JournalStore } from '../datastore/journal-store.js';
import type { JwtAuthority } from '../domain/trust-bundle.js';
import type { KeyManager } from '../keys/key-manager.js';
import type { AuthorityKind, SigningAuthority } from './authority.js';
import { AuthorityJournal } from './journal.js';
import type { JwtSigningAuthority } from './jwt-authority.js';
import { JwtAuthorityKind } from './jwt-authority-kind.js';
import { JwtIssuer } from './jwt-issuer.js';
import { checkJwtRevocable, checkX509Revocable } from './local-authority-rules.js';
import { OwnBundle } from './own-bundle.js';
import type {
  DownstreamCaIssuer,
  JwtSvidIssuer,
  LocalAuthorities,
  UpstreamAuthorities,
  X509SvidIssuer,
} from './ports.js';
import { AuthorityRotation } from './rotation.js';
import { RotationByHand } from './rotation-by-hand.js';
import { guaranteedTtlMs, isLive } from './rotation-policy.js';
import { ServerSvid } from './server-svid.js';
import { emptySlots } from './slots.js';
import { subjectKeyIdsOf } from './subject-key-ids.js';
import { defaultCaSubject, type CaSubject } from './templates/ca-certificate.js';
import type { UpstreamAuthority } from './upstream/upstream-authority.js';
import { WithdrawalByHand } from './upstream/withdrawal-by-hand.js';
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
  /** Of X.509 authorities, and of the server's own SVID. */
  readonly caKeyType: KeyType;
  readonly jwtKeyType: KeyType;
  /** What certifies the X.509 authorities; undefined: they are self-signed. */
  readonly upstream?: UpstreamAuthority | undefined;
  /** Undefined: C=US, O=SPIFFE. */
  readonly caSubject?: CaSubject | undefined;
  /** The lifetime of an X.509-SVID whose request names none. */
  readonly defaultX509SvidTtlSeconds: number;
  /** The lifetime of a JWT-SVID whose request names none. */
  readonly defaultJwtSvidTtlSeconds: number;
  /** The value of `iss` in JWT-SVIDs; undefined: none. */
  readonly jwtIssuer?: string | undefined;
  /** Whether there are no JWT authorities at all. */
  readonly disableJwtSvids: boolean;
}

/** Something of the server's that is replaced before it expires. */
export interface HeldLifetime {
  readonly subject: 'x509_authority' | 'jwt_authority' | 'server_svid';
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** When its latest successor was made, or itself. */
  readonly rotatedAt: Date;
}

/** Signs for one trust domain. */
export class CertificateAuthority implements AsyncDisposable {
  /** The authorities that peers of the own trust domain are verified against; emits `update`. */
  readonly bundle: OwnBundle;
  /** What the server's listeners present; emits `update`. */
  readonly serverSvid: ServerSvid;
  readonly x509Issuer: X509SvidIssuer;
  readonly downstreamIssuer: DownstreamCaIssuer;
  /** Undefined: JWT-SVIDs are switched off. */
  readonly jwtIssuer: JwtSvidIssuer | undefined;
  readonly localAuthorities: LocalAuthorities;
  /** Takes the JWT authorities of servers below this one. Undefined: there is none above. */
  readonly upstreamBundle: Pick<UpstreamAuthority, 'publishJwtAuthority'> | undefined;
  readonly #options: CertificateAuthorityOptions;
  readonly #x509Kind: X509AuthorityKind;
  readonly #jwtKind: JwtAuthorityKind | undefined;
  readonly #stop = new AbortController();
  #x509: AuthorityRotation<X509SigningAuthority> | undefined;
  #jwt: AuthorityRotation<JwtSigningAuthority> | undefined;
  #routines: readonly Promise<void>[] = [];

  constructor(options: CertificateAuthorityOptions) {
    this.#options = options;
    this.bundle = new OwnBundle(options.bundles, options.trustDomain);
    const { bundle } = this;
    const { caKeyType: keyType, caTtlMs: ttlMs, caSubject: subject = defaultCaSubject } = options;
    this.#x509Kind = new X509AuthorityKind({ ...options, bundle, keyType, ttlMs, subject });
    const issuer = new X509Issuer({
      ...options,
      defaultTtlSeconds: options.defaultX509SvidTtlSeconds,
      authority: () => this.#x509?.slots.active?.authority,
    });
    this.x509Issuer = issuer;
    this.downstreamIssuer = issuer;
    this.serverSvid = new ServerSvid({
      ...options,
      keyType,
      bundle,
      issue: (publicKeyInfo) => issuer.issueServerSvid(options.trustDomain, publicKeyInfo),
      activeKeyId: () => this.#x509?.slots.active?.authority.limits.authorityKeyId,
    });
    if (!options.disableJwtSvids) {
      this.#jwtKind = new JwtAuthorityKind({ ...options, bundle, keyType: options.jwtKeyType, ttlMs });
      this.jwtIssuer = new JwtIssuer({
        ...options,
        defaultTtlSeconds: options.defaultJwtSvidTtlSeconds,
        issuer: options.jwtIssuer,
        authority: () => this.#jwt?.slots.active?.authority,
      });
    }
    this.upstreamBundle = options.upstream;
    this.localAuthorities = this.#createLocalAuthorities();
  }

  /**
   * Takes up the authorities of an earlier run, and waits for no upstream authority then, or makes the first ones. When
   * it resolves the server can sign and has its own SVID; rotation goes on until the signal aborts or the authority is disposed.
   *
   * @throws `ERR_KEYS`, `ERR_DATASTORE`, `ERR_DATASTORE_UNUSABLE`, `ERR_PROFILE`
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#warnOfCutLifetimes();
    await this.bundle.refresh();
    const isNew = this.bundle.stored === undefined;
    const journal = await AuthorityJournal.open(this.#options.journals, subjectKeyIdsOf(this.#options.keys));
    // The journal is known by its X.509 authority, so that one comes first.
    this.#x509 = await this.#startRotation(this.#x509Kind, journal);
    if (this.#jwtKind !== undefined) this.#jwt = await this.#startRotation(this.#jwtKind, journal);
    if (isNew) await this.#followUpstream();
    await this.serverSvid.rotateWhenDue();
    this.#routines = this.#startRoutines(journal, AbortSignal.any([signal, this.#stop.signal]));
  }

  /** Whether it has started, with live authorities to sign with and a live SVID to present. */
  get isReady(): boolean {
    if (this.#routines.length === 0) return false;
    const active = [this.#x509, ...(this.#jwtKind === undefined ? [] : [this.#jwt])].map(
      (rotation) => rotation?.slots.active?.authority,
    );
    const now = this.#options.clock.now();
    return [...active, this.serverSvid.getX509Svid()].every((held) => held !== undefined && isLive(held, now));
  }

  /** What signs and what is presented, and how long for; nothing before it has started. */
  get lifetimes(): readonly HeldLifetime[] {
    if (this.#routines.length === 0) return [];
    const { notBefore: issuedAt, expiresAt } = this.serverSvid.getX509Svid();
    return [
      ...lifetimeOf('x509_authority', this.#x509),
      ...lifetimeOf('jwt_authority', this.#jwt),
      { subject: 'server_svid', issuedAt, expiresAt, rotatedAt: issuedAt },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#routines);
  }

  async #startRotation<A extends SigningAuthority>(
    kind: AuthorityKind<A>,
    journal: AuthorityJournal,
  ): Promise<AuthorityRotation<A>> {
    const rotation = new AuthorityRotation({ ...this.#options, kind, journal });
    rotation.restore(this.bundle.stored);
    // With one above, the first round does that: it may be away, or keep us waiting.
    if (this.#options.upstream === undefined || rotation.slots.active === undefined) await rotation.tick();
    return rotation;
  }

  #createLocalAuthorities(): LocalAuthorities {
    const x509 = new RotationByHand({
      ...this.#options,
      kind: this.#x509Kind,
      rotation: () => this.#x509,
      checkRevocable: checkX509Revocable,
      onTaint: () => this.#replaceServerSvid(),
    });
    const upstream = this.#createUpstreamAuthorities();
    if (this.#jwtKind === undefined) return { x509, upstream, jwt: undefined };
    const jwt = new RotationByHand({
      ...this.#options,
      kind: this.#jwtKind,
      rotation: () => this.#jwt,
      checkRevocable: (id, slots) => {
        checkJwtRevocable(id, slots, this.bundle.stored);
      },
      onTaint: () => Promise.resolve(),
    });
    return { x509, upstream, jwt };
  }

  #createUpstreamAuthorities(): UpstreamAuthorities | undefined {
    const { log, upstream } = this.#options;
    if (upstream === undefined) return undefined;
    return new WithdrawalByHand({
      log,
      upstream,
      bundle: this.bundle,
      slots: () => this.#x509?.slots ?? emptySlots,
      onTaint: () => this.#replaceServerSvid(),
    });
  }

  /** At once, if it is of a tainted authority; the routine tries again when that fails. */
  async #replaceServerSvid(): Promise<void> {
    try {
      await this.serverSvid.rotateWhenDue();
    } catch (error) {
      this.#options.log.error({ err: error }, 'the server SVID could not be replaced');
    }
  }

  #startRoutines(journal: AuthorityJournal, signal: AbortSignal): readonly Promise<void>[] {
    const { clock, log, upstream } = this.#options;
    const atOnce = upstream !== undefined;
    const routine = (name: string, intervalMs: number, work: () => Promise<void>, first = false): Promise<void> =>
      every({ name, intervalMs, atOnce: first, clock, log, signal }, work);
    return [
      routine('bundle refresh', second, () => this.bundle.refresh()),
      routine('server SVID rotation', 5 * second, () => this.serverSvid.rotateWhenDue()),
      routine('X.509 authority rotation', atOnce ? 5 * second : 10 * second, () => this.#rotateX509(), atOnce),
      routine('JWT authority rotation', 10 * second, async () => this.#jwt?.tick(), atOnce),
      routine('bundle pruning', 6 * hour, () => this.#pruneBundle()),
      routine('journal pruning', 8 * hour, () => journal.prune(clock.now(), log)),
    ];
  }

  /** In this order: what is tainted above is tainted here once we do not sign below it any more. */
  async #rotateX509(): Promise<void> {
    await this.#x509?.tick();
    await this.#followUpstream();
  }

  async #followUpstream(): Promise<void> {
    const above = await this.#options.upstream?.bundle();
    if (above === undefined) return;
    await this.bundle.follow(above);
    if (above.isShared) await this.#publishMissing(above.jwtAuthorities);
  }

  /** A bundle above that lost our JWT authorities, or never had them, gets them. */
  async #publishMissing(known: readonly JwtAuthority[]): Promise<void> {
    const { active, next } = this.#jwt?.slots ?? emptySlots;
    for (const slot of [active, next]) {
      if (slot === undefined || slot.status === 'old' || known.some(({ keyId }) => keyId === slot.authority.id))
        continue;
      await this.#jwtKind?.publish(slot.authority);
    }
  }

  async #pruneBundle(): Promise<void> {
    const { clock, log, trustDomain } = this.#options;
    const authorities = await this.bundle.prune(clock.now());
    if (authorities > 0) log.info({ trustDomain: trustDomain.name, authorities }, 'pruned the bundle');
  }

  #warnOfCutLifetimes(): void {
    const { caTtlMs, defaultJwtSvidTtlSeconds, defaultX509SvidTtlSeconds, log } = this.#options;
    const guaranteedSeconds = Math.floor(guaranteedTtlMs(caTtlMs) / second);
    if (defaultX509SvidTtlSeconds > guaranteedSeconds) {
      log.warn(
        { defaultX509SvidTtlSeconds, guaranteedSeconds },
        'x509-svids may be cut short by the life of the authority',
      );
    }
    if (this.#jwtKind !== undefined && defaultJwtSvidTtlSeconds > guaranteedSeconds) {
      log.warn(
        { defaultJwtSvidTtlSeconds, guaranteedSeconds },
        'jwt-svids may be cut short by the life of the authority',
      );
    }
  }
}

function lifetimeOf(
  subject: HeldLifetime['subject'],
  rotation: AuthorityRotation<SigningAuthority> | undefined,
): readonly HeldLifetime[] {
  const { active, next } = rotation?.slots ?? {};
  if (active === undefined) return [];
  const newest = next?.status === 'prepared' ? next.authority : active.authority;
  const { issuedAt, expiresAt } = active.authority;
  return [{ subject, issuedAt, expiresAt, rotatedAt: newest.issuedAt }];
}
