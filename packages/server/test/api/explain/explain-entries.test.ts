import assert from 'node:assert/strict';
import { systemClock } from '@credence/sdk/runtime';
import type { ExplainEntriesResponse__Output } from '@credence/sdk/wire/gen/credence/server/v1/ExplainEntriesResponse.js';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { entry, wireId } from '../support/entries.js';
import { refusal } from '../support/refusal.js';
import { joinAgent, type TestAgent } from '../support/test-agent.js';
import { call, TestServer } from '../support/test-server.js';

const uid = { type: 'unix', value: 'uid:1000' };

describe('ExplainEntries', () => {
  let server: TestServer;
  let agent: TestAgent;

  before(async () => {
    server = await TestServer.start();
    agent = await joinAgent(server, '/node');
  });
  after(() => server[Symbol.asyncDispose]());

  const create = (...entries: Entry[]): Promise<unknown> => call(server.local.entries, 'BatchCreateEntry', { entries });
  const explain = (changes: object = {}): Promise<ExplainEntriesResponse__Output> =>
    call(server.local.explanations, 'ExplainEntries', { agent_id: wireId(agent.path), selectors: [uid], ...changes });

  it('tells of the agent, of what the workload gets there, and of what it does not get and why', async () => {
    const wanted = { type: 'unix', value: 'gid:7' };
    await create(
      entry('/got', { id: 'got' }),
      entry('/near', { id: 'near', selectors: [uid, wanted] }),
      entry('/far', { id: 'far', parent_id: wireId('/elsewhere') }),
      entry('/stored', { id: 'stored', store_svid: true }),
    );
    const told = await explain();
    assert.equal(told.agent?.state, 'STATE_ATTESTED');
    assert.ok(Number(told.agent.expires_at) * 1000 > systemClock.now().getTime());
    assert.deepEqual(
      told.entries.map(({ id, spiffe_id }) => [id, spiffe_id?.path]),
      [['got', '/got']],
    );
    assert.deepEqual(
      told.missed.map(({ entry: of, missing_selectors, parent, store_svid }) => [
        of?.id,
        missing_selectors,
        parent,
        store_svid,
      ]),
      [
        ['far', [], { agents: [], aliases: [] }, false],
        ['near', [wanted], null, false],
        ['stored', [], null, true],
      ],
    );
    const one = await explain({ limit: 1 });
    assert.deepEqual([one.missed.length, one.missed_count], [1, 3]);
  });

  it('tells of an agent that is unknown or banned, and what it would get', async () => {
    const unknown = await explain({ agent_id: wireId('/spire/agent/join_token/nobody') });
    assert.equal(unknown.agent?.state, 'STATE_UNKNOWN');
    assert.deepEqual(unknown.entries, []);
    const other = await joinAgent(server, '/other');
    await create(entry('/banned', { id: 'banned', parent_id: wireId('/other') }));
    await call(server.local.agents, 'BanAgent', { id: wireId(other.path) });
    const banned = await explain({ agent_id: wireId(other.path) });
    assert.equal(banned.agent?.state, 'STATE_BANNED');
    assert.deepEqual(
      banned.entries.map(({ id }) => id),
      ['banned'],
    );
  });

  for (const { what, changes, message } of [
    {
      what: 'an ID that is no agent’s',
      changes: { agent_id: wireId('/web') },
      message: /^INVALID_ARGUMENT: invalid agent ID: .*agent/,
    },
    {
      what: 'a selector without a value',
      changes: { selectors: [{ type: 'unix' }] },
      message: /^INVALID_ARGUMENT: missing selector value/,
    },
    {
      what: 'a thousand and one selectors',
      changes: { selectors: Array(1001).fill(uid) },
      message: /^INVALID_ARGUMENT: .*at most 1000/,
    },
  ]) {
    it(`refuses ${what}`, async () => {
      await explain();
      assert.match(await refusal(explain(changes)), message);
    });
  }
});
