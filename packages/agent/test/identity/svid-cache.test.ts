import assert from 'node:assert/strict';
import { SpiffeId } from '@credence/sdk';
import { ManualClock } from '@credence/sdk/testing';
import { SvidCache } from '../../dist/identity/svid-cache.js';
import { entry, middle, rotation, svid } from '../support/entries.js';

const hour = 3_600_000;

function caches(): { clock: ManualClock; svids: SvidCache } {
  const clock = new ManualClock();
  return { clock, svids: new SvidCache({ clock, random: middle, rotation }) };
}

describe('SVID cache', () => {
  it('holds an old SVID until its replacement is there', async () => {
    const { clock, svids } = caches();
    const web = entry('web');
    const first = svid(clock.now(), hour, 'first');
    assert.equal(svids.isDue(web), true);
    svids.store(web, first);
    assert.equal(svids.isDue(web), false);
    await clock.advance(hour / 2);
    assert.equal(svids.isDue(web), true);
    assert.equal(svids.identity(web)?.svid, first);
    const second = svid(clock.now(), hour, 'second');
    svids.store(web, second);
    assert.equal(svids.identity(web)?.svid, second);
    assert.equal(svids.isDue(web), false);
  });

  it('serves the old SVID of a changed entry, with what the entry now says', () => {
    const { clock, svids } = caches();
    const old = svid(clock.now(), hour);
    svids.store(entry('web'), old);
    const changed = entry('web', { revisionNumber: 1n, hint: 'internal' });
    assert.equal(svids.isDue(changed), true);
    assert.equal(svids.identity(changed)?.svid, old);
    assert.equal(svids.identity(changed)?.hint, 'internal');
  });

  it('does not serve an SVID of an ID that the entry no longer has', () => {
    const { clock, svids } = caches();
    svids.store(entry('web'), svid(clock.now(), hour));
    const renamed = entry('web', { revisionNumber: 1n, spiffeId: SpiffeId.parse('spiffe://example.org/renamed') });
    assert.equal(svids.identity(renamed), undefined);
  });

  it('does not serve an expired SVID', async () => {
    const { clock, svids } = caches();
    const web = entry('web');
    svids.store(web, svid(clock.now(), hour));
    await clock.advance(hour - 1);
    assert.notEqual(svids.identity(web), undefined);
    await clock.advance(1);
    assert.equal(svids.identity(web), undefined);
  });

  it('counts the life of an SVID from when it came, not from a backdated start', () => {
    const { clock, svids } = caches();
    svids.store(entry('web'), svid(new Date(clock.now().getTime() - 10_000), 18_000));
    assert.equal(svids.nextRotation(() => true)?.getTime(), clock.now().getTime() + 4000);
  });

  it('gives the same identity object while nothing changed', () => {
    const { clock, svids } = caches();
    const web = entry('web');
    svids.store(web, svid(clock.now(), hour));
    assert.equal(svids.identity(web), svids.identity(web));
  });

  it('expedites what is tainted, and serves it meanwhile', () => {
    const { clock, svids } = caches();
    const [web, api] = [entry('web'), entry('api')];
    svids.store(web, svid(clock.now(), hour, 'bad'));
    svids.store(api, svid(clock.now(), hour, 'good'));
    assert.equal(
      svids.expedite(([leaf]) => leaf?.toString() === 'bad'),
      1,
    );
    assert.deepEqual([svids.isDue(web), svids.isDue(api)], [true, false]);
    assert.notEqual(svids.identity(web), undefined);
  });

  it('replaces what is tainted in batches of 100, five seconds apart, each served until then (spares the server)', async () => {
    const { clock, svids } = caches();
    const all = Array.from({ length: 250 }, (_, index) => entry(`web-${index}`));
    for (const one of all) svids.store(one, svid(clock.now(), hour));
    assert.equal(
      svids.expedite(() => true),
      250,
    );
    const due = (): number => all.filter((one) => svids.isDue(one)).length;
    assert.equal(due(), 100);
    await clock.advance(5000);
    assert.equal(due(), 200);
    await clock.advance(5000);
    assert.equal(due(), 250);
    assert.ok(all.every((one) => svids.identity(one) !== undefined));
  });
});
