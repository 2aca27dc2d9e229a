// What outlives a server: its clock, keys and datastore. A test boots one certificate authority after the other in it.
import { SpiffeId, TrustDomain, X509Bundle, X509BundleSet, verifyX509Svid } from '@credence/sdk';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { systemRandom } from '@credence/sdk/runtime';
import { Certificate } from '@credence/sdk/x509';
import { ManualClock } from '@credence/sdk/testing';
import { CertificateAuthority, type CertificateAuthorityOptions } from '../../../dist/ca/certificate-authority.js';
import { AuthorityJournal } from '../../../dist/ca/journal.js';
import { OwnBundle } from '../../../dist/ca/own-bundle.js';
import { AuthorityRotation } from '../../../dist/ca/rotation.js';
import { defaultCaSubject } from '../../../dist/ca/templates/ca-certificate.js';
import type { X509SigningAuthority } from '../../../dist/ca/x509-authority.js';
import { X509AuthorityKind } from '../../../dist/ca/x509-authority-kind.js';
import { X509Issuer } from '../../../dist/ca/x509-issuer.js';
import type { KeyManager } from '../../../dist/keys/key-manager.js';
import { MemoryKeyManager } from '../../../dist/keys/memory-key-manager.js';
import { MemoryBundleStore, MemoryJournalStore } from './memory-stores.js';
import { RecordingLogger } from './recording-logger.js';
import { subjectKeyIdsOf } from '../../../dist/ca/subject-key-ids.js';

export const hour = 60 * 60 * 1000;
export const day = 24 * hour;
export const trustDomain = TrustDomain.parse('example.org');
export const workloadId = SpiffeId.parse('spiffe://example.org/web');

const workloadKey = publicKeyInfoOf(await generateKey('ec-p256'));

export class World {
  readonly clock: ManualClock;
  readonly log = new RecordingLogger();
  readonly bundles = new MemoryBundleStore();
  readonly journals = new MemoryJournalStore();
  keys: KeyManager = new MemoryKeyManager();
  caTtlMs = day;
  settings: Partial<CertificateAuthorityOptions> = {};

  constructor(start: Date = new Date('2030-01-01T00:00:00Z')) {
    this.clock = new ManualClock(start);
  }

  createAuthority(): CertificateAuthority {
    return new CertificateAuthority({
      clock: this.clock,
      random: systemRandom,
      log: this.log,
      keys: this.keys,
      bundles: this.bundles,
      journals: this.journals,
      trustDomain,
      caTtlMs: this.caTtlMs,
      caKeyType: 'ec-p256',
      jwtKeyType: 'ec-p256',
      defaultX509SvidTtlSeconds: 3600,
      defaultJwtSvidTtlSeconds: 300,
      disableJwtSvids: false,
      ...this.settings,
    });
  }

  /** The X.509 authorities alone, as they come up when a server starts; nothing runs on its own. */
  async boot(): Promise<Authorities> {
    const { clock, keys, log, caTtlMs } = this;
    const bundle = new OwnBundle(this.bundles, trustDomain);
    await bundle.refresh();
    const journal = await AuthorityJournal.open(this.journals, subjectKeyIdsOf(keys));
    const settings = { trustDomain, keyType: 'ec-p256' as const, ttlMs: caTtlMs, subject: defaultCaSubject };
    const { upstream } = this.settings;
    const kind = new X509AuthorityKind({ clock, random: systemRandom, keys, bundle, upstream, ...settings });
    const rotation = new AuthorityRotation({ kind, journal, clock, log });
    rotation.restore(bundle.stored);
    return new Authorities(rotation, bundle, clock);
  }

  get publishedCount(): number {
    return this.bundles.bundles.get(trustDomain.name)?.x509Authorities.length ?? 0;
  }
}

export class Authorities {
  readonly rotation: AuthorityRotation<X509SigningAuthority>;
  readonly bundle: OwnBundle;
  readonly #issuer: X509Issuer;

  constructor(rotation: AuthorityRotation<X509SigningAuthority>, bundle: OwnBundle, clock: ManualClock) {
    this.rotation = rotation;
    this.bundle = bundle;
    const authority = (): X509SigningAuthority | undefined => rotation.slots.active?.authority;
    this.#issuer = new X509Issuer({
      clock,
      random: systemRandom,
      trustDomain,
      defaultTtlSeconds: 3600,
      caTtlMs: day,
      authority,
    });
  }

  get activeId(): string | undefined {
    return this.rotation.slots.active?.authority.id;
  }

  /** What the slots hold, such as `A active, B prepared`. */
  get picture(): string {
    const { active, next } = this.rotation.slots;
    const held = [active, next].filter((slot) => slot !== undefined);
    return held.map(({ name, status }) => `${name} ${status}`).join(', ');
  }

  issue(): readonly Buffer[] {
    return this.#issuer.issueX509Svid({ spiffeId: workloadId, publicKeyInfo: workloadKey, ttlSeconds: 0 }).chain;
  }
}

/** Checks an SVID against what the datastore publishes now. */
export function assertVerifies(world: World, chain: readonly Buffer[]): void {
  const published = world.bundles.bundles.get(trustDomain.name)?.x509Authorities ?? [];
  const certificates = published.map(({ certificate }) => Certificate.parse(certificate));
  const bundles = X509BundleSet.of(X509Bundle.fromCertificates(trustDomain, certificates));
  verifyX509Svid(chain, bundles, { now: world.clock.now() });
}
