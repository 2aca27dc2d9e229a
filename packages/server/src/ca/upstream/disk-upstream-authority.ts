// A corporate authority in PEM files: its certificate, its key, its roots. They are read anew whenever they are needed,
// so that they may be replaced while the server runs.
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { TrustDomain } from '@credence/sdk';
import { isKeyPair, parsePrivateKeyFile } from '@credence/sdk/keys';
import type { Clock, Random } from '@credence/sdk/runtime';
import { Certificate, encodeName, encodeTbsCertificate, signatureAlgorithmOf } from '@credence/sdk/x509';
import { serverError } from '../../domain/errors.js';
import { inspectIssuedCaCertificate } from '../rules/issued-ca-certificate.js';
import { signInspected } from '../signing/sign-inspected.js';
import { issuedCaCertificateTemplate } from '../templates/issued-ca-certificate.js';
import { createSerialNumber, decimalSerialNumber } from '../templates/serial-number.js';
import { createValidity } from '../templates/validity.js';
import type { CertifiedAuthority, UpstreamAuthority, UpstreamBundle, UpstreamRequest } from './upstream-authority.js';

export interface DiskUpstreamOptions {
  /** The certificate that signs, then its intermediates. */
  readonly certificatePath: string;
  readonly keyPath: string;
  /** The roots; undefined: the certificate is itself one. */
  readonly bundlePath: string | undefined;
  readonly trustDomain: TrustDomain;
  readonly clock: Clock;
  readonly random: Random;
}

interface Files {
  readonly issuer: Certificate;
  readonly keyId: Buffer;
  readonly roots: readonly Certificate[];
  /** What stands above ours, without the roots. */
  readonly chain: readonly Certificate[];
}

export class DiskUpstreamAuthority implements UpstreamAuthority {
  readonly #options: DiskUpstreamOptions;

  constructor(options: DiskUpstreamOptions) {
    this.#options = options;
  }

  async certify(request: UpstreamRequest): Promise<CertifiedAuthority> {
    const { clock } = this.#options;
    const files = await this.#read();
    const key = await this.#readKey(files.issuer);
    const certificate = Certificate.parse(this.#sign(request, files, key, clock.now()));
    return { certificate, chain: files.chain, roots: files.roots };
  }

  async bundle(): Promise<UpstreamBundle> {
    const { roots } = await this.#read();
    const x509Authorities = roots.map(({ raw: certificate }) => ({ certificate, tainted: false }));
    return { x509Authorities, jwtAuthorities: [], isShared: false };
  }

  async standsBehind(certificate: Certificate, chain: readonly Buffer[]): Promise<boolean> {
    const now = await this.#read();
    const isKept = chain.every((link) => now.chain.some(({ raw }) => raw.equals(link)));
    return isKept && certificate.isSignedBy(now.issuer);
  }

  #sign(
    { publicKeyInfo, subject, ttlMs }: UpstreamRequest,
    { issuer, keyId }: Files,
    key: KeyObject,
    now: Date,
  ): Buffer {
    const { random, trustDomain } = this.#options;
    const serialNumber = createSerialNumber(random);
    const template = issuedCaCertificateTemplate(
      { name: issuer.subject, keyId },
      {
        trustDomain,
        serialNumber,
        validity: createValidity(now, ttlMs, issuer.notAfter),
        subject: encodeName({ ...subject, serialNumber: decimalSerialNumber(serialNumber) }),
        publicKeyInfo,
      },
    );
    const limits = {
      trustDomain,
      issuer: issuer.subject,
      authorityKeyId: keyId,
      authorityKey: issuer.publicKeyInfo,
      signatureAlgorithm: signatureAlgorithmOf(key).der,
      latest: issuer.notAfter,
    };
    return signInspected(inspectIssuedCaCertificate(encodeTbsCertificate(template, key), limits, now), key);
  }

  async #read(): Promise<Files> {
    const { certificatePath, bundlePath } = this.#options;
    const certificates = await readPem(certificatePath, parseCertificates);
    const [issuer] = certificates;
    if (issuer === undefined) throw unusable(certificatePath, 'it holds no certificate');
    const keyId = issuer.subjectKeyId;
    if (keyId === undefined) throw unusable(certificatePath, 'its certificate has no subject key identifier');
    const roots = bundlePath === undefined ? [issuer] : await readPem(bundlePath, parseCertificates);
    if (bundlePath !== undefined && roots.length === 0) throw unusable(bundlePath, 'it holds no certificate');
    if (bundlePath === undefined && !issuer.isSignedBy(issuer)) {
      throw unusable(certificatePath, 'its certificate is not self-signed, so bundle_file_path is needed');
    }
    const chain = certificates.filter((certificate) => !roots.some((root) => root.equals(certificate)));
    return { issuer, keyId, roots, chain };
  }

  async #readKey(issuer: Certificate): Promise<KeyObject> {
    const { keyPath, certificatePath } = this.#options;
    const key = await readPem(keyPath, parsePrivateKeyFile);
    if (!isKeyPair(issuer.publicKeyInfo, key)) throw unusable(keyPath, `the key is not that of ${certificatePath}`);
    return key;
  }
}

function parseCertificates(pem: string): readonly Certificate[] {
  return Certificate.parsePem(pem);
}

async function readPem<T>(path: string, parse: (text: string) => T): Promise<T> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw unusable(path, (cause as Error).message, cause);
  }
}

function unusable(path: string, problem: string, cause?: unknown): Error {
  return serverError('ERR_UPSTREAM', `upstream authority: ${path} cannot be used: ${problem}`, { cause });
}
