// How X.509 authorities are made, published and found again: self-signed, or certified by an upstream authority.
import type { TrustDomain } from '@credence/sdk';
import { isKeyPair, publicKeyInfoOf, type KeyType } from '@credence/sdk/keys';
import type { Clock, Random } from '@credence/sdk/runtime';
import { verifyCertificate } from '@credence/sdk/svid';
import { Certificate, createCertificateRequest, encodeTbsCertificate, signatureAlgorithmOf } from '@credence/sdk/x509';
import { serverError } from '../domain/errors.js';
import type { TrustBundle } from '../domain/trust-bundle.js';
import type { KeyManager, ManagedKey } from '../keys/key-manager.js';
import type { AuthorityKind, AuthorityRecord, Restored, Verdict } from './authority.js';
import { x509KindName } from './journal.js';
import type { OwnBundle } from './own-bundle.js';
import { inspectCaCertificate } from './rules/ca-certificate.js';
import { signInspected } from './signing/sign-inspected.js';
import { hasSubjectKeyId } from './subject-key-ids.js';
import { caCertificateTemplate, type CaSubject } from './templates/ca-certificate.js';
import { createSerialNumber } from './templates/serial-number.js';
import { createValidity } from './templates/validity.js';
import { checkCertified, checkIssuing } from './upstream/check-certified.js';
import { rootAbove } from './upstream/root-above.js';
import type { UpstreamAuthority } from './upstream/upstream-authority.js';
import { withoutRevoked, withTainted, type AuthorityWords } from './withdrawal.js';
import { X509SigningAuthority } from './x509-authority.js';

export interface X509AuthorityKindOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly keys: KeyManager;
  readonly bundle: OwnBundle;
  readonly trustDomain: TrustDomain;
  readonly keyType: KeyType;
  readonly ttlMs: number;
  readonly subject: CaSubject;
  /** Undefined: authorities are self-signed. */
  readonly upstream?: UpstreamAuthority | undefined;
}

/** X.509 authorities, kept under the key IDs `x509-CA-A` and `x509-CA-B`. */
export class X509AuthorityKind implements AuthorityKind<X509SigningAuthority> {
  readonly name: string = x509KindName;
  readonly #options: X509AuthorityKindOptions;

  constructor(options: X509AuthorityKindOptions) {
    this.#options = options;
  }

  async create(keyId: string): Promise<X509SigningAuthority> {
    const { clock, keys, keyType, trustDomain, upstream } = this.#options;
    const key = await keys.generate(keyId, keyType);
    const issuedAt = clock.now();
    if (upstream !== undefined) return this.#certified(upstream, key, issuedAt);
    const certificate = Certificate.parse(this.#selfSign(key, issuedAt));
    return new X509SigningAuthority({ certificate, privateKey: key.privateKey, issuedAt, trustDomain });
  }

  async publish({ root }: X509SigningAuthority): Promise<void> {
    const { bundle, upstream } = this.#options;
    const published = { x509Authorities: [{ certificate: root, tainted: false }], jwtAuthorities: [] };
    if (upstream === undefined) return bundle.append(published);
    await bundle.follow({ ...published, isShared: false });
    if (bundle.stored?.x509Authorities.some(({ certificate }) => certificate.equals(root)) === true) return;
    throw serverError('ERR_UPSTREAM', 'the bundle has no room for another root of the upstream authority');
  }

  restore(record: AuthorityRecord, keyId: string, bundle: TrustBundle | undefined): Restored<X509SigningAuthority> {
    const key = this.#options.keys.get(keyId);
    if (key === undefined) return unusable(`key ${keyId} is missing`);
    const certificate = Certificate.parse(record.published);
    const problem = this.#bundleProblem(certificate, record, bundle);
    if (problem !== undefined) return unusable(problem);
    if (!isKeyPair(certificate.publicKeyInfo, key.privateKey)) return unusable(`key ${keyId} is not the one it had`);
    const { privateKey } = key;
    const { issuedAt, upstreamChain } = record;
    const { trustDomain } = this.#options;
    return {
      kind: 'usable',
      authority: new X509SigningAuthority({ certificate, privateKey, issuedAt, trustDomain, upstreamChain }),
    };
  }

  async review({ published, upstreamChain }: X509SigningAuthority): Promise<Verdict> {
    const { upstream } = this.#options;
    if (upstream === undefined) return upstreamChain === undefined ? 'sound' : 'stale';
    const { x509Authorities } = await upstream.bundle();
    if (upstreamChain === undefined) return 'stale';
    const root = rootAbove({ published, upstreamChain }, x509Authorities);
    if (root?.tainted === true) return 'tainted';
    if (root === undefined) return 'stale';
    return (await upstream.standsBehind(Certificate.parse(published), upstreamChain)) ? 'sound' : 'stale';
  }

  async taint(id: string): Promise<void> {
    this.#checkWithdrawable('tainted');
    await this.#options.bundle.change(({ x509Authorities }) => ({
      x509Authorities: withTainted(x509Authorities, hasSubjectKeyId(id), words),
    }));
  }

  async revoke(id: string): Promise<void> {
    this.#checkWithdrawable('revoked');
    await this.#options.bundle.change(({ x509Authorities }) => ({
      x509Authorities: withoutRevoked(x509Authorities, hasSubjectKeyId(id), words),
    }));
  }

  async #certified(
    upstream: UpstreamAuthority,
    { privateKey }: ManagedKey,
    issuedAt: Date,
  ): Promise<X509SigningAuthority> {
    const { clock, subject, trustDomain, ttlMs } = this.#options;
    const publicKeyInfo = publicKeyInfoOf(privateKey);
    const csr = createCertificateRequest({ subject, uris: [trustDomain.id.toString()] }, privateKey);
    const certified = await upstream.certify({ publicKeyInfo, subject, csr, ttlMs });
    const path = checkCertified(certified, { trustDomain, publicKeyInfo, now: clock.now() });
    const { certificate } = certified;
    const [root = certificate] = path.slice(-1);
    const upstreamChain = path.slice(1, -1).map(({ raw }) => raw);
    const parts = { certificate, privateKey, issuedAt, trustDomain, upstreamChain, root: root.raw };
    const authority = new X509SigningAuthority(parts);
    await checkIssuing(authority, root, this.#options);
    return authority;
  }

  /** Why what an authority signs would not verify, or undefined. */
  #bundleProblem(
    certificate: Certificate,
    { upstreamChain }: AuthorityRecord,
    bundle: TrustBundle | undefined,
  ): string | undefined {
    const published = bundle?.x509Authorities ?? [];
    if (upstreamChain === undefined) {
      const isThere = published.some((authority) => authority.certificate.equals(certificate.raw));
      return isThere ? undefined : 'its certificate is not in the trust bundle';
    }
    const intermediates = upstreamChain.map((der) => Certificate.parse(der));
    const authorities = published.map((authority) => Certificate.parse(authority.certificate));
    try {
      verifyCertificate(certificate, { intermediates, authorities, now: this.#options.clock.now() });
      return undefined;
    } catch (error) {
      return `its certificate does not verify: ${(error as Error).message}`;
    }
  }

  #checkWithdrawable(withdrawn: string): void {
    if (this.#options.upstream === undefined) return;
    const problem = `local authority can't be ${withdrawn} if there is an upstream authority`;
    throw serverError('ERR_UPSTREAM', problem);
  }

  #selfSign({ privateKey }: ManagedKey, now: Date): Buffer {
    const { random, subject, trustDomain, ttlMs } = this.#options;
    const publicKeyInfo = publicKeyInfoOf(privateKey);
    const validity = createValidity(now, ttlMs);
    const serialNumber = createSerialNumber(random);
    const template = caCertificateTemplate({ trustDomain, serialNumber, validity, subject, publicKeyInfo });
    const limits = {
      trustDomain,
      publicKeyInfo,
      signatureAlgorithm: signatureAlgorithmOf(privateKey).der,
      latest: new Date(now.getTime() + ttlMs),
    };
    return signInspected(inspectCaCertificate(encodeTbsCertificate(template, privateKey), limits, now), privateKey);
  }
}

const words: AuthorityWords = { kind: 'X.509', noun: 'root CA', id: 'subject key ID' };

function unusable(reason: string): Restored<never> {
  return { kind: 'unusable', reason };
}
