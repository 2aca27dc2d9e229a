import assert from 'node:assert/strict';
import { BatchSize } from '../../dist/serverclient/new-x509-svids.js';

describe('batch size', () => {
  it('starts at 500, halves with each failure down to 1, and doubles with each success up to 500', () => {
    const size = new BatchSize();
    const sizes = [size.value];
    for (let i = 0; i < 10; i++) {
      size.failed();
      sizes.push(size.value);
    }
    assert.deepEqual(sizes, [500, 250, 125, 62, 31, 15, 7, 3, 1, 1, 1]);
    for (let i = 0; i < 10; i++) size.succeeded();
    assert.equal(size.value, 500);
  });
});
