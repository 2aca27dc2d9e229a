import assert from 'node:assert/strict';
import { SpiffeId } from '@credence/sdk';
it('parses', () => {
  assert.equal(SpiffeId.parse('spiffe://a/b').path, '/b');
});
