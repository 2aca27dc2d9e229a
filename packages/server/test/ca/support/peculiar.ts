// The oracle: certificates read by @peculiar/x509, which shares nothing with our own reader and writer.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

export { x509 };

/** The extensions as `OID`, `OID critical`, in order. */
export function extensionList(certificate: x509.X509Certificate): string[] {
  return Array.from(certificate.extensions, ({ type, critical }) => (critical ? `${type} critical` : type));
}
