import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { joinSignals, onAbort } from '@credence/sdk/runtime';

describe('signals that live long', () => {
  it('have one listener of ours however many wait, and none when nobody does', () => {
    const { signal } = new AbortController();
    const stops = Array.from({ length: 20 }, () => onAbort(signal, () => undefined));
    assert.equal(getEventListeners(signal, 'abort').length, 1);
    for (const stop of stops) stop();
    stops[0]?.();
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('tell everybody who still waits', () => {
    const controller = new AbortController();
    const told: string[] = [];
    onAbort(controller.signal, () => told.push('first'));
    onAbort(controller.signal, () => told.push('gone'))();
    onAbort(controller.signal, () => told.push('second'));
    controller.abort();
    assert.deepEqual(told, ['first', 'second']);
  });

  it('abort what they are joined to with their reason, the first one counting', () => {
    const [one, two] = [new AbortController(), new AbortController()];
    using joined = joinSignals(one.signal, undefined, two.signal);
    assert.equal(joined.signal.aborted, false);
    two.abort('two');
    one.abort('one');
    assert.equal(joined.signal.reason, 'two');
    assert.equal(joinSignals(one.signal).signal.reason, 'one');
  });

  it('do not abort what was disposed of, and know no listener of it', () => {
    const controller = new AbortController();
    const joined = joinSignals(controller.signal);
    joined[Symbol.dispose]();
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
    controller.abort();
    assert.equal(joined.signal.aborted, false);
    joined.abort('own');
    assert.equal(joined.signal.reason, 'own');
  });
});
