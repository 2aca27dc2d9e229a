// Turns the attestor's questions, asked by callback, into messages of the stream, which the handler yields.
import type { AttestAgentRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/AttestAgentRequest.js';
import type { AttestAgentResponse } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/AttestAgentResponse.js';
import type { AttestedNode, NodeAttestor } from '../../attestation/node-attestor.js';
import { serverError } from '../../domain/errors.js';

type Step =
  | { readonly kind: 'challenge'; readonly challenge: Uint8Array; readonly answer: (response: Uint8Array) => void }
  | { readonly kind: 'attested'; readonly node: AttestedNode };

/** Runs the attestor; yields its challenges, feeds it the responses, returns what it attested. */
export async function* attestWithChallenges(
  attestor: NodeAttestor,
  payload: Uint8Array,
  requests: AsyncIterator<AttestAgentRequest__Output, undefined>,
): AsyncGenerator<AttestAgentResponse, AttestedNode, undefined> {
  let ask: (step: Step) => void = () => undefined;
  const nextChallenge = (): Promise<Step> =>
    new Promise((resolve) => {
      ask = resolve;
    });
  let challenged = nextChallenge();
  const attested = attestor
    .attest(
      payload,
      (challenge) =>
        new Promise((answer) => {
          ask({ kind: 'challenge', challenge, answer });
        }),
    )
    .then((node): Step => ({ kind: 'attested', node }));
  // While a response is awaited nobody else listens for a failure.
  attested.catch(() => undefined);
  for (;;) {
    const step = await Promise.race([challenged, attested]);
    if (step.kind === 'attested') return step.node;
    challenged = nextChallenge();
    yield { challenge: Buffer.from(step.challenge) };
    step.answer(await nextResponse(requests));
  }
}

async function nextResponse(requests: AsyncIterator<AttestAgentRequest__Output, undefined>): Promise<Uint8Array> {
  const { value } = await requests.next();
  if (value === undefined) throw serverError('ERR_INVALID_ARGUMENT', 'expected a challenge response, got the end');
  return value.challenge_response ?? new Uint8Array();
}
