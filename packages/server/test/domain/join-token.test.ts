import assert from 'node:assert/strict';
import { shortenJoinTokens } from '../../dist/domain/join-token.js';

const token = '0b1c2d3e-0000-4000-8000-123456789abc';
const id = `spiffe://example.org/spire/agent/join_token/${token}`;
const short = 'spiffe://example.org/spire/agent/join_token/0b1c2d3e…';

describe('shortenJoinTokens', () => {
  for (const [name, text, expected] of [
    ['an ID', id, short],
    ['an ID within a message', `"${id}" is not a workload; ${id} (SPIFFE-ID §2)`, `"${short}" is not a workload; ${short} (SPIFFE-ID §2)`], // prettier-ignore
    ['a malformed ID', `${id}/more%20`, `${short}/more%20`],
    ['a short token, of which a quarter stays', 'spiffe://a/spire/agent/join_token/secret', 'spiffe://a/spire/agent/join_token/s…'], // prettier-ignore
  ] as const) {
    it(`shortens the token of ${name}`, () => {
      assert.equal(shortenJoinTokens(text), expected);
    });
  }

  it('leaves everything else as it is', () => {
    for (const text of ['', 'spiffe://example.org/web', `spiffe://example.org/spire/agent/x509pop/${token}`]) {
      assert.equal(shortenJoinTokens(text), text);
    }
  });
});
