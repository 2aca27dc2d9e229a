import assert from 'node:assert/strict';
import type { AttestAgentRequest__Output as Request } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/AttestAgentRequest.js';
import { attestWithChallenges } from '../../../dist/api/agent/challenges.js';
import type { AttestedNode, Challenge, NodeAttestor } from '../../../dist/attestation/node-attestor.js';

const node: AttestedNode = { agentPath: '/spire/agent/test/a', selectors: [], canReattest: true };

function attestor(attest: (challenge: Challenge) => Promise<AttestedNode>): NodeAttestor {
  return { type: 'test', attest: (_, challenge) => attest(challenge) };
}

async function* responses(...sent: readonly (string | undefined)[]): AsyncGenerator<Request, undefined> {
  for (const text of sent) {
    await Promise.resolve();
    yield text === undefined ? {} : { challenge_response: Buffer.from(text) };
  }
  return undefined;
}

async function run(
  subject: NodeAttestor,
  requests: AsyncIterator<Request, undefined>,
): Promise<[string[], AttestedNode]> {
  const conversation = attestWithChallenges(subject, Buffer.from('payload'), requests);
  const challenges: string[] = [];
  for (;;) {
    const { done, value } = await conversation.next();
    if (done === true) return [challenges, value];
    challenges.push(String(value.challenge));
  }
}

describe('attestWithChallenges', () => {
  it('answers at once when the attestor asks nothing', async () => {
    assert.deepEqual(
      await run(
        attestor(() => Promise.resolve(node)),
        responses(),
      ),
      [[], node],
    );
  });

  it('asks as often as the attestor wants, each response for its challenge', async () => {
    const answers: string[] = [];
    const asking = attestor(async (challenge) => {
      for (const question of ['one', 'two', 'three'])
        answers.push(String(Buffer.from(await challenge(Buffer.from(question)))));
      return node;
    });
    const [challenges] = await run(asking, responses('1', undefined, '3'));
    assert.deepEqual(challenges, ['one', 'two', 'three']);
    assert.deepEqual(answers, ['1', '', '3'], 'a message without a response is an empty response');
  });

  it('fails when the attestor refuses, before or after a challenge', async () => {
    await assert.rejects(
      run(
        attestor(() => Promise.reject(new Error('no'))),
        responses(),
      ),
      /no/,
    );
    const later = attestor(async (challenge) => {
      await challenge(Buffer.from('a'));
      throw new Error('wrong');
    });
    await assert.rejects(run(later, responses('x')), /wrong/);
  });

  it('fails when the node stops answering', async () => {
    const asking = attestor(async (challenge) => {
      await challenge(Buffer.from('a'));
      return node;
    });
    await assert.rejects(run(asking, responses()), { code: 'ERR_INVALID_ARGUMENT' });
  });
});
