import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { Places } from '../../dist/daemon/places.js';

describe('The places of connections', () => {
  it('are few for one holder, and are free again when a connection closes or is released', async () => {
    const places = new Places({ each: 2, total: 9 });
    const [first, second, third] = [new Socket(), new Socket(), new Socket()];
    assert.deepEqual(
      [first, second, third].map((socket) => places.take(socket, 'a')),
      [true, true, false],
    );
    assert.equal(places.take(new Socket(), 'b'), true);
    places.release(first);
    assert.equal(places.take(third, 'a'), true);
    const closed = new Promise((resolve) => second.once('close', resolve));
    second.destroy();
    await closed;
    assert.equal(places.take(new Socket(), 'a'), true);
  });

  it('are made by the oldest connection when all are taken', () => {
    const places = new Places({ each: 2, total: 3 });
    const sockets = Array.from({ length: 5 }, () => new Socket());
    for (const [index, socket] of sockets.entries()) assert.ok(places.take(socket, String(index)));
    assert.deepEqual(
      sockets.map(({ destroyed }) => destroyed),
      [true, true, false, false, false],
    );
  });
});
