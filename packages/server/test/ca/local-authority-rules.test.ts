import assert from 'node:assert/strict';
import type { SigningAuthority } from '../../dist/ca/authority.js';
import { checkActivatable } from '../../dist/ca/local-authority-rules.js';
import type { Slots } from '../../dist/ca/slots.js';
import { withoutRevoked, withTainted } from '../../dist/ca/withdrawal.js';

const now = new Date('2030-01-01T00:00:00Z');
const words = { kind: 'JWT', noun: 'key', id: 'key ID' };

function authority(id: string, livesMs: number): SigningAuthority {
  return { id, issuedAt: now, expiresAt: new Date(now.getTime() + livesMs), published: Buffer.alloc(0) };
}

describe('the activation of an authority by hand', () => {
  it('refuses a prepared one that has expired: it could sign nothing', () => {
    const slots = (livesMs: number): Slots<SigningAuthority> => ({
      active: { name: 'A', status: 'active', authority: authority('a', 1000) },
      next: { name: 'B', status: 'prepared', authority: authority('b', livesMs) },
    });
    checkActivatable('b', slots(1), now);
    assert.throws(() => {
      checkActivatable('b', slots(0), now);
    }, /the authority has expired/);
  });
});

describe('the withdrawal of an authority', () => {
  const list = [
    { id: 'a', tainted: false },
    { id: 'b', tainted: true },
  ];
  const is =
    (id: string) =>
    (one: { readonly id: string }): boolean =>
      one.id === id;

  it('marks the one that is meant, and leaves the others as they are', () => {
    assert.deepEqual(withTainted(list, is('a'), words), [{ id: 'a', tainted: true }, list[1]]);
    assert.deepEqual(list[0], { id: 'a', tainted: false });
  });

  it('takes out the one that is meant once it is tainted', () => {
    assert.deepEqual(withoutRevoked(list, is('b'), words), [list[0]]);
  });

  const refusals: [name: string, withdraw: () => unknown, message: RegExp][] = [
    ['to taint what is tainted', () => withTainted(list, is('b'), words), /key is already tainted/],
    ['to taint what is not there', () => withTainted(list, is('c'), words), /no authority has this key ID/],
    ['to revoke what is not tainted', () => withoutRevoked(list, is('a'), words), /an untainted key/],
    ['to revoke what is not there', () => withoutRevoked(list, is('c'), words), /no authority has this key ID/],
  ];
  for (const [name, withdraw, message] of refusals) {
    it(`refuses ${name}`, () => {
      assert.throws(withdraw, { code: 'ERR_AUTHORITY_STATE', message });
    });
  }
});
