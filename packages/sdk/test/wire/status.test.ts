import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';

describe('StatusError', () => {
  it('keeps well-formed text as it is', () => {
    const text = 'agent “web” ☃ 😀: refused';
    const error = new StatusError(status.INTERNAL, text);
    assert.deepEqual([error.details, error.message], [text, text]);
  });

  for (const cut of ['a\ud83d', '\ude00a', '\ude00\ud83d']) {
    it(`can be percent-encoded, as grpc-js does, after a cut through a surrogate pair: ${JSON.stringify(cut)}`, () => {
      assert.throws(() => encodeURI(cut), URIError);
      const { details, message } = new StatusError(status.INVALID_ARGUMENT, cut);
      assert.equal(decodeURI(encodeURI(details)), details);
      assert.equal(message, details);
      assert.match(details, /\ufffd/);
    });
  }
});
