// The rules for the certificate that identifies a workload (X509-SVID §§2–5.2).
import { SpiffeId } from '../spiffeid/index.js';
import type { Certificate } from '../x509/index.js';
import { checkCriticalExtensions, checkExtendedKeyUsage, checkValidity } from './certificate-rules.js';
import { refused } from './refusal.js';

const what = 'leaf certificate';

/**
 * Checks everything that a leaf says by itself, its times included; not who signed it.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY` with `details.reason`, a VerifyReason.
 */
export function checkLeaf(leaf: Certificate, now: Date): SpiffeId {
  const id = checkLeafProfile(leaf);
  checkValidity(leaf, now, what);
  return id;
}

/**
 * As `checkLeaf`, without the times.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY`
 */
export function checkLeafProfile(leaf: Certificate): SpiffeId {
  const id = checkIdentity(leaf);
  checkIsNoCa(leaf);
  checkKeyUsage(leaf);
  checkExtendedKeyUsage(leaf, what);
  checkCriticalExtensions(leaf, what);
  return id;
}

/**
 * The SPIFFE ID that a certificate names, leaf or signing certificate. It proves nothing: nobody has verified it.
 *
 * @throws SpiffeError `ERR_SPIFFE_VERIFY`: other than exactly one URI SAN, or one that is no SPIFFE ID.
 */
export function spiffeIdOf(certificate: Certificate): SpiffeId {
  const [uri, ...others] = certificate.uriSans;
  // X509-SVID §2, §5.2: exactly one URI, of any scheme and counted before looking at it.
  if (uri === undefined || others.length > 0) {
    throw refused(
      'uri-san',
      `certificate has ${certificate.uriSans.length} URI SANs, expected exactly one (X509-SVID §2)`,
    );
  }
  return parseId(uri);
}

function checkIdentity(leaf: Certificate): SpiffeId {
  const id = spiffeIdOf(leaf);
  // X509-SVID §5.2: the ID of a leaf has a path.
  if (id.path === '')
    throw refused('spiffe-id', `${what} has the ID of a trust domain, without a path (X509-SVID §5.2)`);
  return id;
}

function parseId(uri: string): SpiffeId {
  try {
    return SpiffeId.parse(uri);
  } catch (cause) {
    throw refused('spiffe-id', `certificate: ${cause instanceof Error ? cause.message : 'no SPIFFE ID'}`, cause);
  }
}

// X509-SVID §5.2: a signing certificate does not identify anybody.
function checkIsNoCa(leaf: Certificate): void {
  if (leaf.isCa) throw refused('leaf-is-ca', `${what} is a signing certificate (X509-SVID §5.2)`);
}

function checkKeyUsage({ keyUsage }: Certificate): void {
  // X509-SVID §5.2
  if (keyUsage?.has('keyCertSign') === true || keyUsage?.has('cRLSign') === true) {
    throw refused('key-usage', `${what} has the key usage keyCertSign or cRLSign (X509-SVID §5.2)`);
  }
  // X509-SVID §4.3 requires it of issuers; without, the key is not for authentication.
  if (keyUsage?.has('digitalSignature') !== true) {
    throw refused('key-usage', `${what} lacks the key usage digitalSignature (X509-SVID §4.3)`);
  }
}
