// What a failed call to the server means for the agent: nobody answered, nonsense was answered, or the server refused.
import { status, type ServiceError } from '@grpc/grpc-js';
import { isSpiffeError, type SpiffeError } from '@credence/sdk/runtime';
import { isServiceError, permissionDeniedReason } from '@credence/sdk/wire';
import { agentError } from '../domain/errors.js';

/** Why the server refuses an agent: the reasons of PermissionDeniedDetails. */
const refusalReasons = [
  'AGENT_EXPIRED',
  'AGENT_NOT_ATTESTED',
  'AGENT_NOT_ACTIVE',
  'AGENT_BANNED',
  'AGENT_MUST_REATTEST',
] as const;

export type RefusalReason = (typeof refusalReasons)[number];

/** ERR_SERVER_UNREACHABLE, ERR_SERVER_RESPONSE, or ERR_SERVER_REFUSED with a RefusalReason as `details.reason`. */
export function serverFailure(error: unknown, method: string): SpiffeError {
  if (isSpiffeError(error)) return error;
  if (!isServiceError(error)) {
    return agentError('ERR_SERVER_RESPONSE', `the server's answer to ${method} cannot be used`, { cause: error });
  }
  const reason = refusalReason(error);
  if (reason !== undefined) {
    const message = `the server refused ${method}: ${reason} (${error.details})`;
    return agentError('ERR_SERVER_REFUSED', message, { details: { reason, method }, cause: error });
  }
  const serverUnknown = error.code === status.UNAVAILABLE && unknownAuthority.test(error.details);
  const details = { method, status: status[error.code], serverUnknown };
  const unanswered = error.code === status.UNAVAILABLE || error.code === status.DEADLINE_EXCEEDED;
  return unanswered
    ? agentError('ERR_SERVER_UNREACHABLE', `no answer to ${method}: ${connectionProblem(error.details)}`, {
        details,
        cause: error,
      })
    : agentError('ERR_SERVER_RESPONSE', `${method} failed: ${details.status}: ${error.details}`, {
        details,
        cause: error,
      });
}

// As OpenSSL says that no authority of the bundle has issued the server's certificate. A server that is known may say the
// same of others.
const unknownAuthority =
  /No connection established\. Last error: .*(?:unable to (?:verify|get (?:local )?issuer)|self[- ]signed certificate|certificate signature failure)/s;

// gRPC wraps the error of the connection in its own words, once a layer.
function connectionProblem(text: string): string {
  const problem = /.*Last error: (?:\w*Error: )?(.*?)\.? Resolution note:/s.exec(text)?.[1] ?? text;
  const untrusted = /certificate|not authorized/.test(problem);
  return untrusted ? `${problem}; the trust bundle of this agent does not vouch for the server that answers` : problem;
}

// A refusal without a known reason is not final: it may be a policy that will be mended.
function refusalReason(error: ServiceError): RefusalReason | undefined {
  const reason = permissionDeniedReason(error);
  return refusalReasons.find((known) => known === reason);
}

// What will not change by asking again: the token is unknown, used or expired; the agent is banned; the type is unknown.
const finalForAttestation: readonly status[] = [
  status.INVALID_ARGUMENT,
  status.PERMISSION_DENIED,
  status.FAILED_PRECONDITION,
  status.UNIMPLEMENTED,
];

/** As serverFailure, for node attestation: there a refusal is final whether or not it carries a reason. */
export function attestationFailure(error: unknown): SpiffeError {
  const failure = serverFailure(error, 'AttestAgent');
  if (!isServiceError(error) || !finalForAttestation.includes(error.code)) return failure;
  return agentError('ERR_SERVER_REFUSED', `the server refused the node attestation: ${error.details}`, {
    details: { reason: failure.details['reason'], status: status[error.code], method: 'AttestAgent' },
    cause: error,
  });
}

/** Runs `work`; what it throws becomes `signal.reason` when the signal has aborted, and else what `failure` makes of it. */
export async function wrapFailure<T>(
  signal: AbortSignal,
  failure: (error: unknown) => SpiffeError,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    throw failure(error);
  }
}

/** serverFailure for one method. */
export function failureOf(method: string): (error: unknown) => SpiffeError {
  return (error) => serverFailure(error, method);
}
