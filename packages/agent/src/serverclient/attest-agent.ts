// AttestAgent: proves what this node is, until the server answers with an agent SVID.
import type { AttestAgentRequest } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/AttestAgentRequest.js';
import type { AttestAgentResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/AttestAgentResponse.js';
import { agentError } from '../domain/errors.js';
import type { Exchange } from './calls.js';

/** What proves the node; see the provers of attestation/node. */
export interface NodeProof {
  readonly type: string;
  payload(): Promise<Buffer>;
  respond(challenge: Buffer): Promise<Buffer>;
}

export interface AttestationResult {
  /** DER, leaf first. */
  readonly chain: readonly Buffer[];
  readonly reattestable: boolean;
}

type AttestationExchange = Pick<Exchange<AttestAgentRequest, AttestAgentResponse__Output>, 'send' | 'receive'>;

/**
 * @param first what the proof begins with, and the request for the SVID.
 * @throws ERR_SERVER_RESPONSE, the errors of the proof and of the exchange
 */
export async function attestAgent(
  exchange: AttestationExchange,
  proof: NodeProof,
  { payload, csr }: { readonly payload: Buffer; readonly csr: Buffer },
): Promise<AttestationResult> {
  exchange.send({ params: { data: { type: proof.type, payload }, params: { csr } } });
  for (;;) {
    const response = await exchange.receive();
    switch (response?.step) {
      case 'challenge':
        exchange.send({ challenge_response: await proof.respond(response.challenge ?? Buffer.alloc(0)) });
        break;
      case 'result': {
        const svid = response.result?.svid;
        if (svid === null || svid === undefined) throw broken('the result holds no X.509-SVID');
        return { chain: svid.cert_chain, reattestable: response.result?.reattestable === true };
      }
      case undefined:
        throw broken(
          response === undefined ? 'the call ended without a result' : 'a message is neither challenge nor result',
        );
    }
  }
}

function broken(problem: string): Error {
  return agentError('ERR_SERVER_RESPONSE', `AttestAgent: ${problem}`);
}
