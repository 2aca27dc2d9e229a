import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import type { EntryMask } from '@credence/sdk/wire/gen/spire/api/types/EntryMask.js';
import type { SyncAuthorizedEntriesResponse__Output as Response } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/SyncAuthorizedEntriesResponse.js';
import { refusal } from '../support/refusal.js';
import { joinAgent, type TestAgent } from '../support/test-agent.js';
import { call, TestServer } from '../support/test-server.js';

const td = 'example.org';

function workloads(parent: string, count: number): Entry[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `e${String(n).padStart(4, '0')}`,
    parent_id: { trust_domain: td, path: parent },
    spiffe_id: { trust_domain: td, path: `/w/${n}` },
    selectors: [{ type: 'unix', value: `uid:${n}` }],
  }));
}

/** Requests and responses of one stream, in turn. */
class Sync {
  readonly #stream;
  readonly #responses: AsyncIterator<Response, undefined>;

  constructor({ clients }: TestAgent) {
    this.#stream = clients.entries.SyncAuthorizedEntries();
    this.#responses = this.#stream.iterator() as AsyncIterator<Response, undefined>;
  }

  ask(request: { ids?: string[]; output_mask?: EntryMask }): void {
    this.#stream.write(request);
  }

  async next(): Promise<Response | undefined> {
    return (await this.#responses.next()).value;
  }

  async end(): Promise<Response | undefined> {
    this.#stream.end();
    return this.next();
  }
}

describe('SyncAuthorizedEntries', () => {
  let server: TestServer;
  let agent: TestAgent;
  before(async () => {
    server = await TestServer.start();
    agent = await joinAgent(server);
  });
  after(() => server[Symbol.asyncDispose]());
  afterEach(async () => {
    const { entries } = server.local;
    const all = await call(entries, 'ListEntries', {});
    await call(entries, 'BatchDeleteEntry', { ids: all.entries.map((one) => one.id) });
  });
  const create = (count: number): Promise<unknown> => {
    const { entries } = server.local;
    return call(entries, 'BatchCreateEntry', { entries: workloads(agent.path, count) });
  };

  for (const count of [0, 1, 500]) {
    it(`sends ${count} entries in one message and ends the stream`, async () => {
      await create(count);
      const sync = new Sync(agent);
      sync.ask({});
      const response = await sync.next();
      assert.equal(response?.entries.length, count);
      assert.deepEqual([response.entry_revisions, response.more], [[], false]);
      assert.equal(await sync.next(), undefined);
    });
  }

  it('sends the revisions of 501 entries in pages, and then the entries that are asked for', async () => {
    await create(501);
    const sync = new Sync(agent);
    sync.ask({ output_mask: { spiffe_id: true, revision_number: true } });
    const first = await sync.next();
    const second = await sync.next();
    assert.deepEqual([first?.entry_revisions.length, first?.entries.length, first?.more], [500, 0, true]);
    assert.deepEqual([second?.entry_revisions.length, second?.entries.length, second?.more], [1, 0, false]);
    const revisions = [...first!.entry_revisions, ...second!.entry_revisions];
    assert.equal(new Set(revisions.map(({ id }) => id)).size, 501);
    assert.ok(revisions.every(({ created_at, revision_number }) => Number(created_at) > 0 && revision_number === '0'));

    sync.ask({ ids: ['e0003', 'unknown', 'e0001', 'e0003'] });
    const some = await sync.next();
    assert.deepEqual(
      some?.entries.map(({ id }) => id),
      ['e0001', 'e0003'],
    );
    assert.equal(some.more, false);
    assert.deepEqual(some.entries[0]?.selectors, [], 'the mask of the first request holds');

    sync.ask({ ids: ['unknown'] });
    assert.deepEqual(await sync.next(), { entries: [], entry_revisions: [], more: false });

    sync.ask({ ids: revisions.map(({ id }) => id) });
    const pages = [await sync.next(), await sync.next()];
    assert.deepEqual(pages.map((page) => [page?.entries.length, page?.more]), [[500, true], [1, false]]); // prettier-ignore
    assert.equal(await sync.end(), undefined);
  });

  it('does not give out an entry of another agent, even by its ID', async () => {
    await create(501);
    const other = await joinAgent(server);
    const { entries } = server.local;
    const foreign = { ...workloads(other.path, 1)[0], id: 'foreign' };
    await call(entries, 'BatchCreateEntry', { entries: [foreign] });
    const sync = new Sync(agent);
    sync.ask({});
    await sync.next();
    await sync.next();
    sync.ask({ ids: ['foreign', 'e0000'] });
    assert.deepEqual(
      (await sync.next())?.entries.map(({ id }) => id),
      ['e0000'],
    );
    await sync.end();
  });

  it('refuses IDs in the first request', async () => {
    const sync = new Sync(agent);
    sync.ask({ ids: ['e0000'] });
    assert.equal(await refusal(sync.next()), 'INVALID_ARGUMENT: specifying IDs on initial request is not supported');
  });

  it('refuses a mask without the revision number', async () => {
    const sync = new Sync(agent);
    sync.ask({ output_mask: { spiffe_id: true } });
    assert.equal(await refusal(sync.next()), 'INVALID_ARGUMENT: revision number cannot be masked');
  });

  it('ends well when the client says nothing', async () => {
    assert.equal(await new Sync(agent).end(), undefined);
  });

  it('goes on serving after a client that went away in the middle', async () => {
    await create(501);
    const stream = agent.clients.entries.SyncAuthorizedEntries();
    stream.write({});
    await once(stream, 'data');
    stream.on('error', () => undefined);
    stream.cancel();
    const sync = new Sync(agent);
    sync.ask({});
    assert.equal((await sync.next())?.entry_revisions.length, 500);
    await sync.end();
  });

  it('answers the same entries as GetAuthorizedEntries', async () => {
    await create(3);
    const { entries } = await call(agent.clients.entries, 'GetAuthorizedEntries', {});
    const sync = new Sync(agent);
    sync.ask({});
    assert.deepEqual((await sync.next())?.entries, entries);
    assert.equal(entries.length, 3);
  });
});
