// Every code that an error inside the agent carries. endpoints/ maps each to a gRPC status.
import { SpiffeError, type SpiffeErrorOptions } from '@credence/sdk/runtime';

interface Row {
  readonly meaning: string;
}

export const agentErrors = {
  ERR_CALLER_UNKNOWN: { meaning: 'the kernel does not say who is calling' },
  ERR_CALLER_LIMIT: { meaning: 'the user of the caller has as many connections as he may have' },
  ERR_ATTESTATION: { meaning: 'the caller could not be attested' },
  ERR_CALLER_RATE: { meaning: 'the caller calls, or asks for new JWT-SVIDs, more often than one workload may' },
  ERR_JWT_SVID: { meaning: 'there is no JWT-SVID to be had' },
  ERR_SERVER_UNREACHABLE: { meaning: 'the server did not answer' },
  ERR_SERVER_REFUSED: { meaning: 'the server refused the agent; details.reason says why' },
  ERR_SERVER_RESPONSE: { meaning: 'the server sent something that makes no sense' },
  ERR_BOOTSTRAP: { meaning: 'the agent cannot join: no usable trust bundle or join token' },
  ERR_STORAGE: { meaning: 'the data directory holds something unusable' },
} as const satisfies Record<string, Row>;

export type AgentErrorCode = keyof typeof agentErrors;

/** Makes an error of the agent. */
export function agentError(
  code: AgentErrorCode,
  message: string,
  options?: SpiffeErrorOptions,
): SpiffeError<AgentErrorCode> {
  return new SpiffeError(code, message, options);
}
