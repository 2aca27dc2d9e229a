// Checks one certificate request (RFC 2986): strict DER, an acceptable key, and a signature by that key. What a request
// can cost is bounded before any of it is looked at.
import { CertificateRequest } from '@credence/sdk/x509';
import type { CheckedCsr } from './ports.js';

/** RSA of 8192 bits with a hundred DNS names fits; more is nobody's honest request. */
export const longestCsr: number = 16 * 1024;

/** Why a request is refused. */
export class CsrProblem extends Error {}

/** @throws CsrProblem */
export function checkCsr(der: Uint8Array): CheckedCsr {
  if (der.length > longestCsr) throw new CsrProblem(`malformed CSR: longer than ${longestCsr} bytes`);
  const request = wellFormed(() => CertificateRequest.parse(der));
  // RFC 2986 §4.2: proof of possession.
  if (!wellFormed(() => request.verify()))
    throw new CsrProblem('invalid CSR signature: it is not by the key of the CSR');
  const { publicKeyInfo, subject, uriSans, dnsNames } = request;
  return { publicKeyInfo, subject, uriSans, dnsNames };
}

function wellFormed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CsrProblem(`malformed CSR: ${(error as Error).message}`);
  }
}
