import { serverError } from '../../domain/errors.js';

/** The refusal to sign: what is wrong, with the clause. */
export function breach(problem: string, cause?: unknown): Error {
  return serverError('ERR_PROFILE', `refused to sign: ${problem}`, { cause });
}

/** The refusal to sign a token. */
export function breachOfToken(problem: string, cause?: unknown): Error {
  return breach(`the token: ${problem}`, cause);
}
