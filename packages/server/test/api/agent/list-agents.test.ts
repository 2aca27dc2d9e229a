import assert from 'node:assert/strict';
import type { _spire_api_server_agent_v1_ListAgentsRequest_Filter as Filter } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/ListAgentsRequest.js';
import { wireId } from '../support/entries.js';
import { refusal } from '../support/refusal.js';
import { joinAgent } from '../support/test-agent.js';
import { call, TestServer, type Clients } from '../support/test-server.js';

describe('the Agent service', () => {
  let server: TestServer;
  let local: Clients;
  before(async () => {
    server = await TestServer.start();
    local = server.local;
  });
  after(() => server[Symbol.asyncDispose]());
  afterEach(async () => {
    const { agents } = await call(local.agents, 'ListAgents', {});
    for (const { id } of agents) await call(local.agents, 'DeleteAgent', { id });
  });

  describe('ListAgents and CountAgents', () => {
    const cases: readonly [string, Filter, number][] = [
      ['no filter', {}, 2],
      ['by_banned false, which filters', { by_banned: { value: false } }, 1],
      ['by_banned true', { by_banned: { value: true } }, 1],
      ['by_can_reattest true', { by_can_reattest: { value: true } }, 0],
      ['by_attestation_type', { by_attestation_type: 'join_token' }, 2],
      ['another type', { by_attestation_type: 'x509pop' }, 0],
      ['by_expires_before in the past', { by_expires_before: '2001-01-01 00:00:00 +0000 +00' }, 0],
      ['by_expires_before in the future', { by_expires_before: '2101-01-01 00:00:00 +0200 +02' }, 2],
      ['by_selector_match', { by_selector_match: { selectors: [{ type: 'a', value: 'b' }], match: 'MATCH_ANY' } }, 0],
    ];
    for (const [name, filter, count] of cases) {
      it(`list and count with ${name}`, async () => {
        const [first] = [await joinAgent(server), await joinAgent(server)];
        await call(local.agents, 'BanAgent', { id: wireId(first.path) });
        assert.equal((await call(local.agents, 'ListAgents', { filter })).agents.length, count);
        assert.equal((await call(local.agents, 'CountAgents', { filter })).count, count);
      });
    }

    const malformed: readonly [string, Filter][] = [
      ['an instant in another layout', { by_expires_before: '2001-01-01' }],
      ['an instant that is none', { by_expires_before: '2001-13-01 00:00:00 +0000 +00' }],
      ['a malformed selector', { by_selector_match: { selectors: [{ type: '', value: '' }] } }],
      ['an empty set of selectors', { by_selector_match: { selectors: [] } }],
    ];
    for (const [name, filter] of malformed) {
      it(`refuse ${name}`, async () => {
        assert.match(await refusal(call(local.agents, 'ListAgents', { filter })), /^INVALID_ARGUMENT: /);
      });
    }

    it('masks and pages', async () => {
      await joinAgent(server);
      await joinAgent(server);
      const request = { page_size: 1, output_mask: { attestation_type: true } };
      const page = await call(local.agents, 'ListAgents', request);
      assert.equal(page.agents[0]?.attestation_type, 'join_token');
      assert.equal(page.agents[0].x509svid_serial_number, '');
      const last = await call(local.agents, 'ListAgents', {
        page_size: 2,
        page_token: page.next_page_token,
      });
      assert.equal(last.agents.length, 1);
      assert.notEqual(last.agents[0]?.id?.path, page.agents[0].id?.path);
    });
  });
});
