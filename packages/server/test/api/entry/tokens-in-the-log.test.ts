import assert from 'node:assert/strict';
import { RecordingLogger } from '../../ca/support/recording-logger.js';
import { entry, wireId } from '../support/entries.js';
import { refusal } from '../support/refusal.js';
import { newToken } from '../support/test-agent.js';
import { call, TestServer } from '../support/test-server.js';

describe('a join token that nobody has used yet', () => {
  it('is not in the log, whatever names its agent', async () => {
    const log = new RecordingLogger();
    await using server = await TestServer.start({ log });
    const { entries, agents } = server.local;
    const token = await newToken(server, '/node');
    const agent = wireId(`/spire/agent/join_token/${token}`);
    const own = { type: 'spiffe_id', value: `spiffe://example.org${agent.path}` };
    const { results } = await call(entries, 'BatchCreateEntry', {
      entries: [
        entry('/child', { parent_id: agent }),
        entry('/reserved', { spiffe_id: agent }),
        entry('/twice', {
          selectors: [own, own],
        }),
      ],
    });
    assert.deepEqual(
      results.map(({ status }) => status?.message.includes(token)),
      [false, true, true],
    );
    await call(entries, 'BatchUpdateEntry', { entries: [{ ...results[0]?.entry, hint: 'x' }] });
    for (const method of ['GetAgent', 'BanAgent', 'DeleteAgent'] as const) {
      assert.match(await refusal(call(agents, method, { id: agent })), /^NOT_FOUND: /);
    }
    const lines = log.lines.map((line) => JSON.stringify(line));
    const naming = lines.filter((line) => line.includes(`/spire/agent/join_token/${token.slice(0, 8)}…`));
    assert.ok(naming.length >= 6, `${naming.length} lines name the agent`);
    for (const line of lines) assert.ok(!line.includes(token), line);
  });
});
