// Attestation by join token: whoever presents the token first is the node. The token is taken, which only one caller can
// do, before anything else is looked at, so that no failure after it leaves the token usable.
import type { Clock } from '@credence/sdk/runtime';
import type { JoinTokenStore } from '../../datastore/join-token-store.js';
import { serverError } from '../../domain/errors.js';
import type { AttestedNode, NodeAttestor } from '../node-attestor.js';

const joinTokenType = 'join_token';

/** The longest token, as a path segment and as what is looked up. */
export const maxTokenBytes = 255;

export interface JoinTokenAttestorOptions {
  readonly joinTokens: Pick<JoinTokenStore, 'take'>;
  readonly clock: Clock;
}

export function createJoinTokenAttestor(options: JoinTokenAttestorOptions): NodeAttestor {
  return { type: joinTokenType, attest: (payload) => attest(payload, options) };
}

async function attest(payload: Uint8Array, { joinTokens, clock }: JoinTokenAttestorOptions): Promise<AttestedNode> {
  const token = payload.length > maxTokenBytes ? undefined : await joinTokens.take(Buffer.from(payload).toString());
  if (token === undefined) {
    throw serverError('ERR_TOKEN_UNKNOWN', 'failed to attest: join token does not exist or has already been used');
  }
  if (token.expiresAt <= clock.now()) throw serverError('ERR_TOKEN_EXPIRED', 'join token expired');
  // The stored value, never the caller's text.
  return { agentPath: joinTokenAgentPath(token.value), selectors: [], canReattest: false };
}

/** The path of the agent that a token attests. */
export function joinTokenAgentPath(token: string): string {
  return `/spire/agent/${joinTokenType}/${token}`;
}
