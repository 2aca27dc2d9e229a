import assert from 'node:assert/strict';
import { decodeJournal } from '../../dist/ca/journal-form.js';
import { assertVerifies, hour, trustDomain, World } from './support/world.js';

class Stop extends Error {}

function assertPublishedBeforeJournaled(world: World): void {
  const published = world.bundles.bundles.get(trustDomain.name)?.x509Authorities ?? [];
  for (const record of world.journals.records.values()) {
    for (const { authority } of Object.values(decodeJournal(record)).flat()) {
      assert.ok(published.some(({ certificate }) => certificate.equals(authority.published)));
    }
  }
}

describe('AuthorityRotation stopped between two steps', () => {
  const moments = [
    { name: 'the first start', prepare: () => Promise.resolve(), dueIn: 0, steps: 4 },
    { name: 'preparing the second authority', prepare: started, dueIn: 13 * hour, steps: 3 },
    { name: 'activating the second authority', prepare: preparedSecond, dueIn: 8 * hour, steps: 1 },
    { name: 'preparing and activating at once', prepare: started, dueIn: 21 * hour, steps: 4 },
  ];
  for (const { name, prepare, dueIn, steps } of moments) {
    for (let stopAt = 1; stopAt <= steps; stopAt++) {
      for (const when of ['before', 'after'] as const) {
        it(`${name}, ${when} step ${stopAt} of ${steps}: nothing signs that is not published, and no authority is lost`, async () => {
          const world = new World();
          await prepare(world);
          await world.clock.advance(dueIn);
          const first = await world.boot();
          const activeBefore = first.activeId;
          const issuedBefore = activeBefore === undefined ? [] : [first.issue()];
          stopBeforeOrAfter(world, stopAt, when);
          await assert.rejects(first.rotation.tick(), Stop);
          assert.equal(first.activeId, activeBefore, 'nobody takes over before the journal says so');
          if (first.activeId !== undefined) issuedBefore.push(first.issue());
          assertPublishedBeforeJournaled(world);
          goOn(world);

          const second = await world.boot();
          const activeJournaled = second.activeId;
          const overtaken = stopAt === steps && when === 'after';
          if (activeBefore !== undefined && !overtaken) assert.equal(activeJournaled, activeBefore);
          if (activeJournaled !== undefined) assertVerifies(world, second.issue());
          await second.rotation.tick();
          assert.match(second.picture, /^[AB] active/);
          assertVerifies(world, second.issue());
          for (const chain of issuedBefore) assertVerifies(world, chain);
          assert.equal(world.journals.records.size, 1);
        });
      }
    }

    it(`${name}: has exactly the steps that are stopped at`, async () => {
      const world = new World();
      await prepare(world);
      await world.clock.advance(dueIn);
      const authorities = await world.boot();
      stopBeforeOrAfter(world, steps + 1, 'before');
      await authorities.rotation.tick();
    });
  }

  it('lets no authority take over whose key has been replaced', async () => {
    const world = new World();
    await preparedSecond(world);
    const authorities = await world.boot();
    assert.equal(authorities.picture, 'A active, B prepared');
    const activeBefore = authorities.activeId;
    world.bundles.beforeWrite = () => {
      throw new Stop();
    };
    await assert.rejects(authorities.rotation.prepare(), Stop);
    goOn(world);
    await world.clock.advance(8 * hour);
    await authorities.rotation.tick();
    assert.equal(authorities.picture, 'B active, A old');
    const rebooted = await world.boot();
    assert.equal(rebooted.picture, 'B active, A old');
    assert.equal(rebooted.activeId, authorities.activeId);
    assert.notEqual(rebooted.activeId, activeBefore);
    assertVerifies(world, rebooted.issue());
  });

  it('goes on with the authority that it published when the journal could not be written', async () => {
    const world = new World();
    await started(world);
    await world.clock.advance(13 * hour);
    const authorities = await world.boot();
    world.journals.beforeWrite = () => {
      throw new Stop();
    };
    for (let attempt = 0; attempt < 3; attempt++) await assert.rejects(authorities.rotation.tick(), Stop);
    assert.equal(authorities.picture, 'A active');
    assert.equal(world.publishedCount, 2);
    goOn(world);
    await authorities.rotation.tick();
    assert.equal(authorities.picture, 'A active, B prepared');
    assert.equal(world.publishedCount, 2);
  });
});

async function started(world: World): Promise<void> {
  await (await world.boot()).rotation.tick();
}

async function preparedSecond(world: World): Promise<void> {
  await started(world);
  await world.clock.advance(13 * hour);
  await (await world.boot()).rotation.tick();
}

/** Steps are what outlives the process: keys made, bundle written, journal written. */
function stopBeforeOrAfter(world: World, step: number, when: 'before' | 'after'): void {
  let done = 0;
  const enter = (): void => {
    if (done === (when === 'before' ? step - 1 : step)) throw new Stop();
    done++;
  };
  const { keys, bundles, journals } = world;
  const generate = keys.generate.bind(keys);
  keys.generate = async (id, type) => {
    enter();
    const key = await generate(id, type);
    leave();
    return key;
  };
  const leave = (): void => {
    if (when === 'after' && done === step) throw new Stop();
  };
  const append = bundles.append.bind(bundles);
  bundles.append = async (domain, authorities) => {
    enter();
    const bundle = await append(domain, authorities);
    leave();
    return bundle;
  };
  const save = journals.save.bind(journals);
  journals.save = async (record) => {
    enter();
    const id = await save(record);
    leave();
    return id;
  };
}

function goOn({ keys, bundles, journals }: World): void {
  for (const store of [keys, bundles, journals]) {
    for (const method of ['generate', 'append', 'save']) Reflect.deleteProperty(store, method);
  }
  bundles.beforeWrite = journals.beforeWrite = () => undefined;
}
