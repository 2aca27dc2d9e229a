// A whole agent beside a fake server.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock, systemRandom, type Clock } from '@credence/sdk/runtime';
import { createAgent, type Agent } from '../../dist/agent.js';
import type { AgentSettings } from '../../dist/settings.js';
import { defaultAgentSettings } from '../../dist/settings.js';
import type { FakeServer } from './fake-server.js';
import { RecordingLogger } from './recording-logger.js';

export interface AgentUnderTest {
  readonly agent: Agent;
  readonly log: RecordingLogger;
}

/** An agent that trusts the server's present bundle; with a token it joins. */
export async function agentFor(
  server: FakeServer,
  directory: string,
  options: { token?: string; syncIntervalMs?: number; clock?: Clock; settings?: Partial<AgentSettings> } = {},
): Promise<AgentUnderTest> {
  const { token, syncIntervalMs = 50, clock = systemClock } = options;
  const path = join(directory, 'bundle.pem');
  await writeFile(path, server.ca.bundle().toPem());
  const log = new RecordingLogger();
  const settings: AgentSettings = {
    ...defaultAgentSettings,
    trustDomain: server.trustDomain,
    serverAddress: '127.0.0.1',
    serverPort: server.port,
    dataDir: join(directory, 'data'),
    socketPath: join(directory, 'api.sock'),
    trustBundle: { kind: 'file', path, format: 'pem' },
    nodeAttestation: { kind: 'join_token', token: token === undefined ? undefined : { kind: 'value', value: token } },
    syncIntervalMs,
    watchChanges: false,
    ...options.settings,
  };
  return { agent: createAgent(settings, { clock, random: systemRandom, log, logLevel: { level: 'info' } }), log };
}
