// The X.509 authorities of one trust domain (SPIFFE Trust Domain and Bundle §4, X509-SVID §5.1). Whatever is in here may
// sign for this trust domain, self-signed or not, and for no other.
import type { TrustDomain } from '../spiffeid/index.js';
import { isSpiffeError, readBytes, sdkError, type SpiffeError } from '../runtime/index.js';
import { Certificate, DerReader, Tag } from '../x509/index.js';

/** An immutable set of authorities. */
export class X509Bundle {
  readonly trustDomain: TrustDomain;
  /** In the order given, each once; may be empty, and then nobody of this trust domain verifies. */
  readonly authorities: readonly Certificate[];

  private constructor(trustDomain: TrustDomain, authorities: readonly Certificate[]) {
    this.trustDomain = trustDomain;
    this.authorities = authorities;
  }

  static fromCertificates(trustDomain: TrustDomain, certificates: readonly Certificate[]): X509Bundle {
    const unique = new Map(certificates.map((certificate) => [certificate.raw.toString('latin1'), certificate]));
    return new X509Bundle(trustDomain, Object.freeze([...unique.values()]));
  }

  /**
   * Reads the CERTIFICATE blocks of a PEM text.
   *
   * @throws SpiffeError `ERR_SPIFFE_BUNDLE`: one does not parse, or there is none.
   */
  static parsePem(trustDomain: TrustDomain, text: string): X509Bundle {
    const certificates = parsed(trustDomain, () => Certificate.parsePem(text));
    if (certificates.length === 0) {
      throw sdkError('ERR_SPIFFE_BUNDLE', `bundle of ${trustDomain.name} holds no PEM block CERTIFICATE`);
    }
    return X509Bundle.fromCertificates(trustDomain, certificates);
  }

  /**
   * Reads a file of CERTIFICATE blocks.
   *
   * @throws as `parsePem`, and what node:fs throws.
   */
  static async load(trustDomain: TrustDomain, file: string): Promise<X509Bundle> {
    return X509Bundle.parsePem(trustDomain, (await readBytes(file)).toString());
  }

  /**
   * Reads certificates in DER, one after the other, as the Workload API sends them; of no bytes an empty bundle.
   *
   * @throws SpiffeError `ERR_SPIFFE_BUNDLE`
   */
  static parseDer(trustDomain: TrustDomain, der: Uint8Array): X509Bundle {
    return X509Bundle.fromCertificates(
      trustDomain,
      parsed(trustDomain, () => Certificate.parseAll(der)),
    );
  }

  /**
   * As `parseDer`, but an authority that we cannot read or do not accept, such as one with a weak key, is left out and
   * given to `report`: it can vouch for nobody, and must not take the others with it.
   *
   * @throws SpiffeError `ERR_SPIFFE_BUNDLE`: the bytes are not a row of DER sequences.
   */
  static parseUsable(trustDomain: TrustDomain, der: Uint8Array, report: (problem: SpiffeError) => void): X509Bundle {
    const certificates = parsed(trustDomain, () => split(der)).map((raw, index) => {
      try {
        return Certificate.parse(raw);
      } catch (cause) {
        if (!isSpiffeError(cause)) throw cause;
        report(malformed(trustDomain, `authority ${index} is not used: ${cause.message}`, cause));
        return undefined;
      }
    });
    return X509Bundle.fromCertificates(
      trustDomain,
      certificates.filter((certificate) => certificate !== undefined),
    );
  }

  has(certificate: Certificate): boolean {
    return this.authorities.some((authority) => authority.equals(certificate));
  }

  /** A bundle that holds this authority too. */
  with(certificate: Certificate): X509Bundle {
    return X509Bundle.fromCertificates(this.trustDomain, [...this.authorities, certificate]);
  }

  /** A bundle without this authority. */
  without(certificate: Certificate): X509Bundle {
    const others = this.authorities.filter((authority) => !authority.equals(certificate));
    return X509Bundle.fromCertificates(this.trustDomain, others);
  }

  /** Whether both hold the same authorities of the same trust domain, in any order. */
  equals(other: X509Bundle): boolean {
    return (
      this.trustDomain.equals(other.trustDomain) &&
      this.authorities.length === other.authorities.length &&
      this.authorities.every((authority) => other.has(authority))
    );
  }

  toPem(): string {
    return this.authorities.map((authority) => authority.toPem()).join('');
  }

  /** The certificates in DER, one after the other. */
  toDer(): Buffer {
    return Buffer.concat(this.authorities.map((authority) => authority.raw));
  }
}

function split(der: Uint8Array): readonly Buffer[] {
  const reader = DerReader.over(der);
  const sequences: Buffer[] = [];
  while (!reader.isAtEnd) sequences.push(reader.expect(Tag.sequence, 'certificate').raw);
  return sequences;
}

function parsed<T>(trustDomain: TrustDomain, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw malformed(trustDomain, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function malformed({ name }: TrustDomain, problem: string, cause: unknown): SpiffeError {
  return sdkError('ERR_SPIFFE_BUNDLE', `bundle of ${name}: ${problem}`, { cause });
}
