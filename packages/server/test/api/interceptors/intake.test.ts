import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { silentLogger } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { Intake, type IncompleteRequest } from '../../../dist/api/interceptors/intake.js';

/** A socket that says how much it has received. */
class Receiver extends Socket {
  received = 0;

  constructor() {
    super();
    Object.defineProperty(this, 'bytesRead', { get: () => this.received });
  }
}

const ignore = (): void => undefined;

describe('the intake', () => {
  let clock: ManualClock;
  beforeEach(() => {
    clock = new ManualClock();
  });

  const create = (renews: boolean): Intake =>
    new Intake({ connectionBytes: 100, totalBytes: 150, renews, clock, log: silentLogger });
  const open = (intake: Intake, token: string): Receiver => {
    const socket = new Receiver();
    intake.open(token, socket);
    return socket;
  };
  const begin = (intake: Intake, token: string, expire = ignore): IncompleteRequest => {
    const request = intake.begin(token, expire);
    assert.ok(request);
    return request;
  };

  it('closes the connection that sent more than its share, and no other', async () => {
    const intake = create(true);
    const [a, b] = [open(intake, 'a'), open(intake, 'b')];
    begin(intake, 'a');
    begin(intake, 'b');
    [a.received, b.received] = [100, 20];
    await clock.advance(100);
    assert.deepEqual([a.destroyed, b.destroyed], [false, false]);
    a.received = 101;
    await clock.advance(100);
    assert.deepEqual([a.destroyed, b.destroyed], [true, false]);
  });

  it('closes the largest when all together sent too much', async () => {
    const intake = create(true);
    const sockets = [50, 60, 40, 10].map((received, index) => {
      const socket = open(intake, String(index));
      begin(intake, String(index));
      socket.received = received;
      return socket;
    });
    await clock.advance(100);
    assert.deepEqual(
      sockets.map(({ destroyed }) => destroyed),
      [false, true, false, false],
    );
  });

  for (const { renews, closed } of [
    { renews: true, closed: false },
    { renews: false, closed: true },
  ]) {
    it(`counts ${renews ? 'anew after complete requests' : 'whatever the connection sends'}`, async () => {
      const intake = create(renews);
      const socket = open(intake, 'a');
      for (const received of [60, 120]) {
        const request = begin(intake, 'a');
        socket.received = received;
        request.complete();
        await clock.advance(100);
      }
      assert.equal(socket.destroyed, closed);
    });
  }

  it('ends a request that is not complete after ten seconds, once', async () => {
    const intake = create(true);
    open(intake, 'a');
    let expired = 0;
    begin(intake, 'a', () => expired++);
    begin(intake, 'a', () => assert.fail('it was complete')).complete();
    begin(intake, 'a', () => assert.fail('its first message was there')).begun();
    await clock.advance(9_900);
    assert.equal(expired, 0);
    await clock.advance(20_000);
    assert.equal(expired, 1);
  });

  it('rests while no request is incomplete', async () => {
    const intake = create(false);
    open(intake, 'a');
    begin(intake, 'a').complete();
    assert.equal(clock.sleepers, 1);
    await clock.advance(100);
    assert.equal(clock.sleepers, 0);
    begin(intake, 'a');
    assert.equal(clock.sleepers, 1);
  });

  it('knows no request of a connection that has gone', async () => {
    const intake = create(true);
    const socket = open(intake, 'a');
    socket.destroy();
    await new Promise((resolve) => socket.once('close', resolve));
    assert.equal(intake.begin('a', ignore), undefined);
  });
});
