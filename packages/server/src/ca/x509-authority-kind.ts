// How self-signed X.509 authorities are made, published and found again.
import type { TrustDomain } from '@credence/sdk';
import { isKeyPair, publicKeyInfoOf, type KeyType } from '@credence/sdk/keys';
import type { Clock, Random } from '@credence/sdk/runtime';
import { Certificate, encodeTbsCertificate, signatureAlgorithmOf } from '@credence/sdk/x509';
import type { TrustBundle } from '../domain/trust-bundle.js';
import type { KeyManager, ManagedKey } from '../keys/key-manager.js';
import type { AuthorityKind, AuthorityRecord, Restored } from './authority.js';
import { x509KindName } from './journal.js';
import type { OwnBundle } from './own-bundle.js';
import { inspectCaCertificate } from './rules/ca-certificate.js';
import { signInspected } from './signing/sign-inspected.js';
import { caCertificateTemplate, type CaSubject } from './templates/ca-certificate.js';
import { createSerialNumber } from './templates/serial-number.js';
import { createValidity } from './templates/validity.js';
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
}

/** Self-signed authorities, kept under the key IDs `x509-CA-A` and `x509-CA-B`. */
export class X509AuthorityKind implements AuthorityKind<X509SigningAuthority> {
  readonly name: string = x509KindName;
  readonly #options: X509AuthorityKindOptions;

  constructor(options: X509AuthorityKindOptions) {
    this.#options = options;
  }

  async create(keyId: string): Promise<X509SigningAuthority> {
    const { clock, keys, keyType, trustDomain } = this.#options;
    const key = await keys.generate(keyId, keyType);
    const issuedAt = clock.now();
    const certificate = Certificate.parse(this.#selfSign(key, issuedAt));
    return new X509SigningAuthority(certificate, key.privateKey, issuedAt, trustDomain);
  }

  async publish(authority: X509SigningAuthority): Promise<void> {
    await this.#options.bundle.append({ x509Authorities: [{ certificate: authority.published, tainted: false }] });
  }

  restore(record: AuthorityRecord, keyId: string, bundle: TrustBundle | undefined): Restored<X509SigningAuthority> {
    const key = this.#options.keys.get(keyId);
    if (key === undefined) return unusable(`key ${keyId} is missing`);
    const isPublished = bundle?.x509Authorities.some(({ certificate }) => certificate.equals(record.published));
    if (isPublished !== true) return unusable('its certificate is not in the trust bundle');
    const certificate = Certificate.parse(record.published);
    if (!isKeyPair(certificate.publicKeyInfo, key.privateKey)) return unusable(`key ${keyId} is not the one it had`);
    const { trustDomain } = this.#options;
    return {
      kind: 'usable',
      authority: new X509SigningAuthority(certificate, key.privateKey, record.issuedAt, trustDomain),
    };
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

function unusable(reason: string): Restored<never> {
  return { kind: 'unusable', reason };
}
