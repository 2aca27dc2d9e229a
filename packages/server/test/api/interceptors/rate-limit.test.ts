import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { ManualClock } from '@credence/sdk/testing';
import type { Connection } from '../../../dist/api/caller.js';
import { unobserved } from '../../../dist/api/observer.js';
import { RateLimits } from '../../../dist/api/interceptors/rate-limit.js';

const attest = '/spire.api.server.agent.v1.Agent/AttestAgent';
const sign = '/spire.api.server.svid.v1.SVID/BatchNewX509SVID';
const renew = '/spire.api.server.agent.v1.Agent/RenewAgent';
const on = { attestation: true, signing: true };

function from(address: string): Connection {
  return { kind: 'remote', token: 't', address, peer: undefined };
}

function caller(
  clock: ManualClock,
  method: string,
  options: { connection?: Connection; deadlineMs?: number } = {},
): {
  call: Parameters<RateLimits['take']>[0];
  cancel: AbortController;
} {
  const { connection = from('192.0.2.1'), deadlineMs = 60_000 } = options;
  const cancel = new AbortController();
  const deadline = new Date(clock.now().getTime() + deadlineMs);
  return { call: { method, connection, signal: cancel.signal, deadline }, cancel };
}

describe('RateLimits', () => {
  it('lets one attestation a second through and makes the next wait its turn', async () => {
    const clock = new ManualClock();
    const limits = new RateLimits({ clock, settings: on, observer: unobserved });
    await limits.take(caller(clock, attest).call, 1);
    const order: string[] = [];
    const second = limits.take(caller(clock, attest).call, 1).then(() => order.push('second'));
    const third = limits.take(caller(clock, attest).call, 1).then(() => order.push('third'));
    assert.equal(clock.nextDueMs, 1000);
    await clock.advance(1000);
    await second;
    assert.deepEqual(order, ['second']);
    await clock.advance(1000);
    await third;
    assert.deepEqual(order, ['second', 'third']);
  });

  it('tells of calls that wait and of those that are refused, and of no other', async () => {
    const clock = new ManualClock();
    const told: string[] = [];
    const observer = { rateLimited: (limit: string, outcome: string) => told.push(`${limit} ${outcome}`) };
    const limits = new RateLimits({ clock, settings: on, observer });
    await limits.take(caller(clock, attest).call, 1);
    assert.deepEqual(told, []);
    const waiting = limits.take(caller(clock, attest).call, 1);
    await assert.rejects(limits.take(caller(clock, attest, { deadlineMs: 500 }).call, 1));
    await assert.rejects(limits.take(caller(clock, sign).call, 501));
    await clock.advance(1000);
    await waiting;
    assert.deepEqual(told, ['attest delayed', 'attest refused', 'x509 refused']);
  });

  it('counts each address for itself', async () => {
    const clock = new ManualClock();
    const limits = new RateLimits({ clock, settings: on, observer: unobserved });
    await limits.take(caller(clock, attest).call, 1);
    await limits.take(caller(clock, attest, { connection: from('192.0.2.2') }).call, 1);
    assert.equal(clock.sleepers, 0);
  });

  it('shares one bucket between renewals and signing', async () => {
    const clock = new ManualClock();
    const limits = new RateLimits({ clock, settings: on, observer: unobserved });
    await limits.take(caller(clock, sign).call, 500);
    const waiting = limits.take(caller(clock, renew).call, 1);
    assert.equal(clock.nextDueMs, 2);
    await clock.advance(2);
    await waiting;
  });

  it('refuses at once what no wait would allow', async () => {
    const clock = new ManualClock();
    const limits = new RateLimits({ clock, settings: on, observer: unobserved });
    await limits.take(caller(clock, sign).call, 500);
    await assert.rejects(limits.take(caller(clock, sign).call, 501), {
      code: status.RESOURCE_EXHAUSTED,
      details: 'rate (501) exceeds burst size (500)',
    });
  });

  it('refuses at once when the deadline would pass first, and takes nothing', async () => {
    const clock = new ManualClock();
    const limits = new RateLimits({ clock, settings: on, observer: unobserved });
    await limits.take(caller(clock, attest).call, 1);
    await assert.rejects(limits.take(caller(clock, attest, { deadlineMs: 999 }).call, 1), {
      code: status.RESOURCE_EXHAUSTED,
    });
    const next = limits.take(caller(clock, attest).call, 1);
    assert.equal(clock.nextDueMs, 1000);
    await clock.advance(1000);
    await next;
  });

  it('gives back what a cancelled call was waiting for', async () => {
    const clock = new ManualClock();
    const limits = new RateLimits({ clock, settings: on, observer: unobserved });
    await limits.take(caller(clock, attest).call, 1);
    const { call, cancel } = caller(clock, attest);
    const cancelled = limits.take(call, 1);
    cancel.abort(new Error('gone'));
    await assert.rejects(cancelled, /gone/);
    const next = limits.take(caller(clock, attest).call, 1);
    assert.equal(clock.nextDueMs, 1000);
    await clock.advance(1000);
    await next;
  });

  it('never limits the admin socket', async () => {
    const clock = new ManualClock();
    const limits = new RateLimits({ clock, settings: on, observer: unobserved });
    const connection: Connection = { kind: 'local', token: 'l', uid: 0, gid: 0, pid: 1, path: undefined };
    for (let i = 0; i < 5; i++) await limits.take(caller(clock, attest, { connection }).call, 1);
    await limits.take(caller(clock, sign, { connection }).call, 100_000);
  });

  it('can be switched off for attestation and for signing', async () => {
    const clock = new ManualClock();
    const limits = new RateLimits({ clock, settings: { attestation: false, signing: false }, observer: unobserved });
    for (let i = 0; i < 5; i++) await limits.take(caller(clock, attest).call, 1);
    await limits.take(caller(clock, sign).call, 1000);
  });

  it('refills after idle time, to one second and no more', async () => {
    const clock = new ManualClock();
    const limits = new RateLimits({ clock, settings: on, observer: unobserved });
    await limits.take(caller(clock, attest).call, 1);
    await clock.advance(600_000);
    await limits.take(caller(clock, attest).call, 1);
    const waiting = limits.take(caller(clock, attest).call, 1);
    assert.equal(clock.nextDueMs, 1000);
    await clock.advance(1000);
    await waiting;
  });
});
