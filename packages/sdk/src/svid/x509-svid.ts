// A workload's own X.509-SVID: certificates and the private key that belongs to them (X509-SVID §§2–4). The key never
// shows when a value is inspected, logged or turned into JSON.
import type { KeyObject } from 'node:crypto';
import { inspect } from 'node:util';
import { parsePem, toPem } from '../der/index.js';
import { exportPrivateKey, isKeyPair, parsePrivateKey } from '../keys/index.js';
import { readBytes, sdkError } from '../runtime/index.js';
import type { SpiffeId } from '../spiffeid/index.js';
import { Certificate } from '../x509/index.js';
import { checkMaySign } from './issuer-rules.js';
import { checkLeafProfile } from './leaf.js';
import { refused } from './refusal.js';

/** Whoever has an identity to show to peers. */
export interface X509SvidSource {
  /** The current X.509-SVID; a later call may give a newer one. */
  getX509Svid(): X509Svid;
}

/** An immutable X.509-SVID with its private key. Expired ones parse too: look at `expiresAt`. */
export class X509Svid {
  readonly id: SpiffeId;
  /** Leaf first, then the intermediates up to, but without, the authority. */
  readonly certificates: readonly [Certificate, ...Certificate[]];
  /** What tells several X.509-SVIDs of one workload apart, if the issuer gave it. */
  readonly hint: string | undefined;
  readonly #privateKey: KeyObject;

  private constructor(certificates: readonly [Certificate, ...Certificate[]], privateKey: KeyObject, hint?: string) {
    this.id = checkLeafProfile(certificates[0]);
    this.certificates = Object.freeze(certificates);
    this.hint = hint;
    this.#privateKey = privateKey;
  }

  /**
   * Reads certificates (CERTIFICATE blocks, leaf first) and a key (one PRIVATE KEY block: PKCS#8) from PEM texts.
   *
   * @throws SpiffeError `ERR_SPIFFE_ENCODING`, `ERR_SPIFFE_CERTIFICATE`: something does not parse · `ERR_SPIFFE_KEY`: the
   * key is weak, unknown, or of another certificate · `ERR_SPIFFE_VERIFY`: a certificate breaks the profile.
   */
  static parse(certificatesPem: string, privateKeyPem: string, hint?: string): X509Svid {
    const [key, ...others] = parsePem(privateKeyPem, 'PRIVATE KEY');
    if (key === undefined || others.length > 0) {
      throw sdkError('ERR_SPIFFE_ENCODING', 'private key must be exactly one PEM block PRIVATE KEY (PKCS#8)');
    }
    return X509Svid.#of(Certificate.parsePem(certificatesPem), key, hint);
  }

  /**
   * Reads certificates in DER, one after the other, leaf first, and a key in PKCS#8 DER, as the Workload API sends them;
   * whoever made the key has it as a KeyObject.
   *
   * @throws as `parse`
   */
  static parseRaw(certificatesDer: Uint8Array, privateKey: Uint8Array | KeyObject, hint?: string): X509Svid {
    return X509Svid.#of(Certificate.parseAll(certificatesDer), privateKey, hint);
  }

  /**
   * Reads two files in PEM, as `parse` does.
   *
   * @throws as `parse`, and what node:fs throws.
   */
  static async load(certificatesFile: string, privateKeyFile: string, hint?: string): Promise<X509Svid> {
    const [certificates, privateKey] = await Promise.all([readBytes(certificatesFile), readBytes(privateKeyFile)]);
    return X509Svid.parse(certificates.toString(), privateKey.toString(), hint);
  }

  static #of(certificates: readonly Certificate[], key: Uint8Array | KeyObject, hint: string | undefined): X509Svid {
    const [leaf, ...intermediates] = certificates;
    if (leaf === undefined) throw refused('empty-chain', 'an X.509-SVID needs a certificate');
    for (const intermediate of intermediates) checkMaySign(intermediate);
    const privateKey = key instanceof Uint8Array ? parsePrivateKey(key) : key;
    if (privateKey.type !== 'private' || !isKeyPair(leaf.publicKeyInfo, privateKey)) {
      throw sdkError('ERR_SPIFFE_KEY', 'private key does not belong to the leaf certificate');
    }
    return new X509Svid([leaf, ...intermediates], privateKey, hint);
  }

  get leaf(): Certificate {
    return this.certificates[0];
  }

  /** A handle: no key bytes unless it is exported. */
  get privateKey(): KeyObject {
    return this.#privateKey;
  }

  get notBefore(): Date {
    return this.leaf.notBefore;
  }

  /** When the leaf expires. */
  get expiresAt(): Date {
    return this.leaf.notAfter;
  }

  certChainPem(): string {
    return this.certificates.map((certificate) => certificate.toPem()).join('');
  }

  /** The certificates in DER, one after the other. */
  certChainDer(): Buffer {
    return Buffer.concat(this.certificates.map((certificate) => certificate.raw));
  }

  /** PKCS#8: a secret. */
  privateKeyPem(): string {
    return toPem(this.privateKeyDer(), 'PRIVATE KEY');
  }

  /** PKCS#8: a secret. */
  privateKeyDer(): Buffer {
    return exportPrivateKey(this.#privateKey);
  }

  /** Without the key. */
  toJSON(): { id: string; hint?: string; notBefore: string; expiresAt: string } {
    return {
      id: this.id.toString(),
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      notBefore: this.notBefore.toISOString(),
      expiresAt: this.expiresAt.toISOString(),
    };
  }

  [inspect.custom](): string {
    return `X509Svid ${inspect(this.toJSON())}`;
  }
}
