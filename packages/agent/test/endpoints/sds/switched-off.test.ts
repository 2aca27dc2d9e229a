import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { agentFor } from '../../support/agent.js';
import { FakeServer } from '../../support/fake-server.js';
import { temporaryDirectory } from '../../../../sdk/dist-test/support/temporary-directory.js';

describe('the public socket of an agent', () => {
  for (const { services, opens } of [
    { services: { workloadApi: true, sds: false }, opens: true },
    { services: { workloadApi: false, sds: true }, opens: true },
    { services: { workloadApi: false, sds: false }, opens: false },
  ]) {
    it(`is ${opens ? '' : 'not '}opened with ${JSON.stringify(services)}`, async () => {
      await using server = await FakeServer.create();
      await using directory = await temporaryDirectory();
      server.tokens.add('token');
      const { agent } = await agentFor(server, directory.path, { token: 'token', settings: { services } });
      await using _ = agent;
      await agent.start(new AbortController().signal);
      assert.equal(existsSync(agent.socketPath), opens);
    });
  }
});
