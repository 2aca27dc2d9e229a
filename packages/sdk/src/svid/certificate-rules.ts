// Rules that hold for every certificate of a path, leaf or authority (RFC 5280 §6.1.3, §6.1.4, §6.1.5).
import { Oid, type Certificate } from '../x509/index.js';
import { refused } from './refusal.js';

const tlsPurposes: ReadonlySet<string> = new Set([Oid.serverAuth, Oid.clientAuth, Oid.anyExtendedKeyUsage]);

/**
 * RFC 5280 §4.1.2.5: both ends are included. `what` names the certificate in the message. The conditions say what must
 * hold, so that an instant that is no number is refused.
 */
export function checkValidity(certificate: Certificate, now: Date, what: string): void {
  const { notBefore, notAfter } = certificate;
  if (!(now >= notBefore)) throw refused('not-yet-valid', `${what} is not valid before ${notBefore.toISOString()}`);
  if (!(now <= notAfter)) throw refused('expired', `${what} expired at ${notAfter.toISOString()}`);
}

/** RFC 5280 §4.2: what is critical and not understood is refused. */
export function checkCriticalExtensions(certificate: Certificate, what: string): void {
  const [oid] = certificate.unknownCritical;
  if (oid !== undefined) throw refused('critical-extension', `${what} has the unknown critical extension ${oid}`);
}

/**
 * X509-SVID §4.4: an extended key usage names TLS server and client authentication. A certificate
 * that names only foreign purposes is refused, an authority too, as TLS libraries do; one of the two is enough.
 */
export function checkExtendedKeyUsage(certificate: Certificate, what: string): void {
  const purposes = certificate.extendedKeyUsage;
  if (purposes === undefined || purposes.some((purpose) => tlsPurposes.has(purpose))) return;
  throw refused('extended-key-usage', `${what} is for neither TLS servers nor clients (X509-SVID §4.4)`);
}
