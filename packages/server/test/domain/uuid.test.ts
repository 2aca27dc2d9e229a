import assert from 'node:assert/strict';
import { randomUuid } from '../../dist/domain/uuid.js';

describe('randomUuid', () => {
  it('sets version and variant, and keeps the other bits (RFC 9562 §5.4)', () => {
    const filled = (byte: number) => ({ bytes: (count: number) => Buffer.alloc(count, byte), uniform: () => 0 });
    assert.equal(randomUuid(filled(0x00)), '00000000-0000-4000-8000-000000000000');
    assert.equal(randomUuid(filled(0xff)), 'ffffffff-ffff-4fff-bfff-ffffffffffff');
  });
});
