import assert from 'node:assert/strict';
import { ManualClock } from '@credence/sdk/testing';
import { createJoinTokenAttestor } from '../../../dist/attestation/join-token/join-token-attestor.js';
import { NodeAttestors } from '../../../dist/attestation/node-attestors.js';
import type { NodeAttestor } from '../../../dist/attestation/node-attestor.js';
import type { JoinToken } from '../../../dist/domain/join-token.js';

const clock = new ManualClock();
const now = clock.now();
const never = (): Promise<never> => Promise.reject(new Error('a join token has no challenge'));

function attestor(...tokens: readonly JoinToken[]): { attestor: NodeAttestor; left: Map<string, JoinToken> } {
  const left = new Map(tokens.map((token) => [token.value, token]));
  const take = (value: string): Promise<JoinToken | undefined> => {
    const token = left.get(value);
    left.delete(value);
    return Promise.resolve(token);
  };
  return { attestor: createJoinTokenAttestor({ joinTokens: { take }, clock }), left };
}

const token: JoinToken = { value: 'abc', expiresAt: new Date(now.getTime() + 1000) };

describe('the join_token attestor', () => {
  it('attests the holder of a token, once', async () => {
    const { attestor: joinToken } = attestor(token);
    assert.deepEqual(await joinToken.attest(Buffer.from('abc'), never), {
      agentPath: '/spire/agent/join_token/abc',
      selectors: [],
      canReattest: false,
    });
    await assert.rejects(joinToken.attest(Buffer.from('abc'), never), {
      code: 'ERR_TOKEN_UNKNOWN',
      message: 'failed to attest: join token does not exist or has already been used',
    });
  });

  it('refuses an expired token, and burns it', async () => {
    const { attestor: joinToken, left } = attestor({ ...token, expiresAt: now });
    await assert.rejects(joinToken.attest(Buffer.from('abc'), never), {
      code: 'ERR_TOKEN_EXPIRED',
      message: 'join token expired',
    });
    assert.equal(left.size, 0);
  });

  for (const payload of ['', 'ab', 'abcd', ' abc', 'abc\0', 'abc\n', 'ABC', 'x'.repeat(256), 'x'.repeat(1_000_000)]) {
    it(`refuses the token ${JSON.stringify(payload.slice(0, 20))} of ${payload.length} characters`, async () => {
      const { attestor: joinToken, left } = attestor(token);
      await assert.rejects(joinToken.attest(Buffer.from(payload), never), { code: 'ERR_TOKEN_UNKNOWN' });
      assert.equal(left.size, 1);
    });
  }

  it('never repeats the token in an error', async () => {
    const { attestor: joinToken } = attestor();
    await assert.rejects(joinToken.attest(Buffer.from('s3cret'), never), (error) => {
      assert.ok(!JSON.stringify(error).includes('s3cret') && !String(error).includes('s3cret'));
      return true;
    });
  });
});

describe('NodeAttestors', () => {
  const attestors = new NodeAttestors([attestor().attestor]);

  it('finds an attestor by its type', () => {
    assert.equal(attestors.get('join_token').type, 'join_token');
  });

  for (const type of ['', 'JOIN_TOKEN', 'join_token ', 'x509pop', '__proto__', 'constructor']) {
    it(`refuses the unknown type ${JSON.stringify(type)}`, () => {
      assert.throws(() => attestors.get(type), {
        code: 'ERR_ATTESTOR_UNKNOWN',
        message: `error getting node attestor: could not find node attestor type ${JSON.stringify(type)}`,
      });
    });
  }
});
