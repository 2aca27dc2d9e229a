// Certification paths from a leaf to an authority (RFC 5280 §6.1): searching one among what the peer sent. Bounded,
// because the peer decides what is searched and must not decide how long.
import { isSpiffeError } from '../runtime/index.js';
import type { Certificate } from '../x509/index.js';
import {
  checkIssuer,
  checkNameConstraints,
  checkPathLengths,
  checkSignatureAlgorithm,
  type PathProfile,
} from './issuer-rules.js';
import { refused } from './refusal.js';

const longestPath = 10;
const mostSignatureChecks = 20;

/** What a path is made of. */
export interface PathInput {
  /** Sent by the peer, in any order; unrelated ones do no harm. */
  readonly intermediates: readonly Certificate[];
  /** Trusted, self-signed or not. */
  readonly authorities: readonly Certificate[];
  readonly now: Date;
  /** Default: that of X509-SVID. */
  readonly profile?: PathProfile;
}

/**
 * A valid path: the leaf, intermediates, an authority.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY`: there is none; the reason is why the first candidate came to nothing.
 */
export function findPath(leaf: Certificate, input: PathInput): readonly Certificate[] {
  const search = new PathSearch(input);
  const path = search.from([leaf], leaf);
  if (path !== undefined) return path;
  throw search.firstFailure ?? refused('unknown-authority', 'the chain leads to no authority of its trust domain');
}

class PathSearch {
  firstFailure: Error | undefined;
  readonly #input: PathInput;
  #signatureChecks = 0;

  constructor(input: PathInput) {
    this.#input = input;
  }

  /** Depth first, authorities before intermediates. */
  from(path: readonly Certificate[], last: Certificate): readonly Certificate[] | undefined {
    return this.#toAuthority(path, last) ?? this.#throughIntermediate(path, last);
  }

  #toAuthority(path: readonly Certificate[], last: Certificate): readonly Certificate[] | undefined {
    for (const authority of this.#input.authorities) {
      const whole = [...path, authority];
      const isPath =
        this.#isIssuedBy(last, authority) &&
        this.#holds(() => {
          checkPathLengths(whole);
          checkNameConstraints(whole);
        });
      if (isPath) return whole;
    }
    return undefined;
  }

  #throughIntermediate(path: readonly Certificate[], last: Certificate): readonly Certificate[] | undefined {
    if (path.length + 1 >= longestPath) return undefined;
    for (const issuer of this.#input.intermediates) {
      if (path.some((certificate) => certificate.equals(issuer)) || !this.#isIssuedBy(last, issuer)) continue;
      const whole = this.from([...path, issuer], issuer);
      if (whole !== undefined) return whole;
    }
    return undefined;
  }

  // RFC 5280 §6.1.3 (a): names, times, signature; the cheap ones first.
  #isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
    return (
      isCandidate(certificate, issuer) &&
      this.#holds(() => {
        checkIssuer(issuer, this.#input.now, this.#input.profile ?? 'x509-svid');
        checkSignatureAlgorithm(certificate);
        this.#checkSignature(certificate, issuer);
      })
    );
  }

  #checkSignature(certificate: Certificate, issuer: Certificate): void {
    if (++this.#signatureChecks > mostSignatureChecks) {
      throw refused('too-complex', `the chain needs more than ${mostSignatureChecks} signature checks`);
    }
    if (!certificate.isSignedBy(issuer)) {
      throw refused('signature', 'a certificate is not signed by the authority of the name that it gives');
    }
  }

  #holds(check: () => void): boolean {
    try {
      check();
      return true;
    } catch (error) {
      if (!isSpiffeError(error, 'ERR_SPIFFE_VERIFY') || error.details['reason'] === 'too-complex') throw error;
      this.firstFailure ??= error;
      return false;
    }
  }
}

// RFC 5280 §6.1.3 (a)(4), §4.2.1.1: the name must match, and so must the key identifiers where both are given. Neither
// proves anything; the signature does.
function isCandidate(certificate: Certificate, issuer: Certificate): boolean {
  if (!certificate.issuer.equals(issuer.subject)) return false;
  const [wanted, held] = [certificate.authorityKeyId, issuer.subjectKeyId];
  return wanted === undefined || held === undefined || wanted.equals(held);
}
