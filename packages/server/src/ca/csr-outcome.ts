// The outcome of a check as it crosses from a worker thread: plain data, each array of bytes in memory of its own,
// because a clone of a slice carries along all that it was cut from.
import { checkCsr, CsrProblem } from './csr.js';
import type { CheckedCsr } from './ports.js';
import { serverError } from '../domain/errors.js';

export type CsrOutcome =
  | {
      readonly kind: 'checked';
      readonly publicKeyInfo: Uint8Array;
      readonly subject: Uint8Array;
      readonly uriSans: readonly string[];
      readonly dnsNames: readonly string[];
    }
  | { readonly kind: 'refused'; readonly problem: string };

export function outcomeOf(der: Uint8Array): CsrOutcome {
  try {
    const { publicKeyInfo, subject, uriSans, dnsNames } = checkCsr(der);
    return {
      kind: 'checked',
      publicKeyInfo: new Uint8Array(publicKeyInfo),
      subject: new Uint8Array(subject),
      uriSans,
      dnsNames,
    };
  } catch (error) {
    if (error instanceof CsrProblem) return { kind: 'refused', problem: error.message };
    throw error;
  }
}

/** What the caller of the checker sees. */
export function checkedCsrOf(outcome: CsrOutcome): CheckedCsr | Error {
  if (outcome.kind === 'refused') return serverError('ERR_CSR', outcome.problem);
  const { publicKeyInfo, subject, uriSans, dnsNames } = outcome;
  return { publicKeyInfo: bufferOver(publicKeyInfo), subject: bufferOver(subject), uriSans, dnsNames };
}

function bufferOver({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
