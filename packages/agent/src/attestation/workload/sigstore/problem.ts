import { agentError } from '../../../domain/errors.js';

/** ERR_ATTESTATION. */
export function problem(message: string): Error {
  return agentError('ERR_ATTESTATION', message);
}

/** What an error says, and what the one below it says, which knows more. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}
