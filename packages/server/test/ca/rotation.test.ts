import assert from 'node:assert/strict';
import { Certificate } from '@credence/sdk/x509';
import type { KeyManager } from '../../dist/keys/key-manager.js';
import { MemoryKeyManager } from '../../dist/keys/memory-key-manager.js';
import { assertVerifies, day, hour, trustDomain, World } from './support/world.js';

const allowed = (): void => undefined;

describe('AuthorityRotation', () => {
  it('makes the first authority in slot A and signs with it', async () => {
    const world = new World();
    const authorities = await world.boot();
    assert.throws(() => authorities.issue(), { code: 'ERR_NOT_READY' });
    await authorities.rotation.tick();
    assert.equal(authorities.picture, 'A active');
    assertVerifies(world, authorities.issue());
  });

  it('prepares at half life, activates at five sixths, and changes slots each time', async () => {
    const world = new World();
    const authorities = await world.boot();
    const seen: string[] = [];
    for (let quarters = 0; quarters <= 4 * 48; quarters++) {
      await authorities.rotation.tick();
      const { picture } = authorities;
      if (seen.at(-1)?.endsWith(picture) !== true) seen.push(`${quarters / 4}h: ${picture}`);
      await world.clock.advance(hour / 4);
    }
    // A threshold that is reached is not past yet: it counts a quarter later.
    assert.deepEqual(seen, [
      '0h: A active',
      '12.25h: A active, B prepared',
      '20.25h: B active, A old',
      '24.5h: B active, A prepared',
      '32.5h: A active, B old',
      '36.75h: A active, B prepared',
      '44.75h: B active, A old',
    ]);
  });

  it('signs at every moment of 30 days with an authority that the bundle has held for hours', async () => {
    const world = new World();
    const authorities = await world.boot();
    await authorities.rotation.tick();
    const published = new Map<string, number>();
    const used = new Set<string>();
    for (let hours = 0; hours < 30 * 24; hours++) {
      for (const { certificate } of world.bundles.bundles.get(trustDomain.name)?.x509Authorities ?? []) {
        const id = Certificate.parse(certificate).subjectKeyId!.toString('hex');
        if (!published.has(id)) published.set(id, hours);
      }
      const active = authorities.activeId!;
      if (!used.has(active) && hours > 0) assert.ok(hours - published.get(active)! >= 7, `after ${hours} hours`);
      used.add(active);
      assertVerifies(world, authorities.issue());
      await world.clock.advance(hour);
      await authorities.rotation.tick();
      await authorities.bundle.prune(world.clock.now());
    }
    assert.ok(used.size > 30, `${used.size} authorities in 30 days`);
    assert.ok(world.publishedCount <= 5, `${world.publishedCount} left in the bundle`);
  });

  it('prepares only once when two ask at the same time', async () => {
    const world = new World();
    const authorities = await world.boot();
    await Promise.all([authorities.rotation.tick(), authorities.rotation.tick()]);
    assert.equal(world.publishedCount, 1);
  });

  it('replaces an active and a prepared authority that expired while nobody looked', async () => {
    const world = new World();
    const authorities = await world.boot();
    await authorities.rotation.tick();
    await world.clock.advance(13 * hour);
    await authorities.rotation.tick();
    await world.clock.advance(30 * day);
    assert.throws(() => authorities.issue(), { code: 'ERR_NOT_READY' });
    await authorities.rotation.tick();
    assert.equal(authorities.picture, 'B active, A old');
    assertVerifies(world, authorities.issue());
  });

  it('does not activate what is not prepared', async () => {
    const authorities = await new World().boot();
    await authorities.rotation.tick();
    await assert.rejects(authorities.rotation.activate(allowed), TypeError);
  });

  it('lets an administrator prepare and activate at any time', async () => {
    const world = new World();
    const authorities = await world.boot();
    await authorities.rotation.tick();
    const first = authorities.activeId;
    await authorities.rotation.prepare();
    await assert.rejects(
      authorities.rotation.activate(() => {
        throw new Error('not yet');
      }),
      /not yet/,
    );
    assert.equal(authorities.activeId, first);
    await authorities.rotation.activate(allowed);
    assert.notEqual(authorities.activeId, first);
    assert.equal(authorities.picture, 'B active, A old');
  });
});

describe('AuthorityRotation after a restart', () => {
  it('goes on with the same authorities', async () => {
    const world = new World();
    const before = await world.boot();
    await before.rotation.tick();
    await world.clock.advance(13 * hour);
    await before.rotation.tick();
    const after = await world.boot();
    await after.rotation.tick();
    assert.equal(after.picture, 'A active, B prepared');
    assert.equal(after.activeId, before.activeId);
    assert.equal(world.publishedCount, 2);
    assert.deepEqual(world.log.messages('warn'), []);
  });

  it('activates the prepared authority when the active one expired meanwhile', async () => {
    const world = new World();
    const before = await world.boot();
    await before.rotation.tick();
    await world.clock.advance(13 * hour);
    await before.rotation.tick();
    const preparedId = before.rotation.slots.next?.authority.id;
    await world.clock.advance(12 * hour);
    const after = await world.boot();
    await after.rotation.tick();
    assert.equal(after.activeId, preparedId);
  });

  const losses: { name: string; lose: (world: World) => void | Promise<void>; reason: RegExp }[] = [
    {
      name: 'has expired',
      lose: (world) => world.clock.advance(25 * hour),
      reason: /has expired/,
    },
    {
      name: 'is not in the bundle any more',
      lose: (world) => {
        const bundle = world.bundles.bundles.get(trustDomain.name)!;
        world.bundles.bundles.set(trustDomain.name, { ...bundle, x509Authorities: [] });
      },
      reason: /not in the trust bundle/,
    },
    {
      name: 'has another key in its slot',
      lose: async (world) => {
        const old = world.keys.get('x509-CA-A')!;
        const keys = new MemoryKeyManager();
        await keys.generate('x509-CA-A', 'ec-p256');
        world.keys = { ...delegate(keys), list: () => [old, ...keys.list()] };
      },
      reason: /not the one it had/,
    },
    {
      name: 'has no key in its slot',
      lose: (world) => {
        const old = world.keys.get('x509-CA-A')!;
        const keys = new MemoryKeyManager();
        world.keys = { ...delegate(keys), list: () => [old, ...keys.list()] };
      },
      reason: /is missing/,
    },
  ];
  for (const { name, lose, reason } of losses) {
    it(`discards an authority that ${name}, says so, and makes a new one`, async () => {
      const world = new World();
      const before = await world.boot();
      await before.rotation.tick();
      await lose(world);
      const after = await world.boot();
      assert.equal(after.picture, '');
      assert.deepEqual(world.log.messages('warn'), ['discarded an authority of the journal']);
      assert.match(JSON.stringify(world.log.lines.find(({ level }) => level === 'warn')?.fields), reason);
      await after.rotation.tick();
      assert.notEqual(after.activeId, before.activeId);
      assertVerifies(world, after.issue());
    });
  }

  it('makes a new authority when the keys are gone, and leaves the old one in the bundle', async () => {
    const world = new World();
    const before = await world.boot();
    await before.rotation.tick();
    const old = before.issue();
    world.keys = new MemoryKeyManager();
    const after = await world.boot();
    await after.rotation.tick();
    assert.notEqual(after.activeId, before.activeId);
    assertVerifies(world, old);
    assertVerifies(world, after.issue());
  });
});

function delegate(keys: KeyManager): KeyManager {
  return {
    generate: (id, type) => keys.generate(id, type),
    get: (id) => keys.get(id),
    list: () => keys.list(),
  };
}
