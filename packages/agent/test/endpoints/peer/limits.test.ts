import assert from 'node:assert/strict';
import { connectionLimit, connectionsWithin, mostConnections } from '../../../dist/endpoints/peer/limits.js';

const text = (soft: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax open files            ${soft}                 1048576              files     \n`;

describe('the limit of connections', () => {
  for (const [soft, expected] of [
    ['1024', 384],
    ['4096', 1920],
    ['1048576', mostConnections],
    ['unlimited', mostConnections],
    ['64', 16],
  ] as const) {
    it(`is ${expected} when ${soft} files may be open`, () => {
      assert.equal(connectionsWithin(text(soft)), expected);
    });
  }

  it('is that of this process', () => {
    const limit = connectionLimit('/proc');
    assert.ok(limit >= 16 && limit <= mostConnections);
  });
});
