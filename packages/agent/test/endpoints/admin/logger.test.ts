import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { SettableLevel } from '@credence/sdk/daemon';
import { agentLoggerApi } from '@credence/sdk/wire';
import { call } from '../../../../sdk/dist-test/support/call.js';
import { loggerService } from '../../../dist/endpoints/admin/logger.js';
import { TestAdminEndpoint } from '../../support/admin-endpoint.js';
import { RecordingLogger } from '../../support/recording-logger.js';

describe('the Logger service of the agent', () => {
  const levels = [
    ['PANIC', 'fatal'],
    ['FATAL', 'fatal'],
    ['ERROR', 'error'],
    ['WARN', 'warn'],
    ['INFO', 'info'],
    ['DEBUG', 'debug'],
    ['TRACE', 'trace'],
  ] as const;

  it('sets every level, and goes back to that of the launch', async () => {
    const logLevel: { level: SettableLevel } = { level: 'info' };
    await using endpoint = await TestAdminEndpoint.start(loggerService({ log: new RecordingLogger(), logLevel }));
    const client = endpoint.client(agentLoggerApi);
    const launched = { current_level: 'INFO', launch_level: 'INFO' };
    for (const [level, ours] of levels) {
      assert.deepEqual(await call(client, 'GetLogger', {}), launched);
      const set = { ...launched, current_level: level };
      assert.deepEqual(await call(client, 'SetLogLevel', { new_level: level }), set);
      assert.equal(logLevel.level, ours);
      assert.deepEqual(await call(client, 'GetLogger', {}), set);
      assert.deepEqual(await call(client, 'ResetLogLevel', {}), launched);
    }
  });

  it('refuses what is no level, and leaves the log as it is', async () => {
    const logLevel: { level: SettableLevel } = { level: 'info' };
    await using endpoint = await TestAdminEndpoint.start(loggerService({ log: new RecordingLogger(), logLevel }));
    const client = endpoint.client(agentLoggerApi);
    for (const [level, details] of [
      ['UNSPECIFIED', 'newLevel value cannot be LogLevel_UNSPECIFIED'],
      [8, 'unsupported log level'],
    ] as const) {
      const set = call(client, 'SetLogLevel', { new_level: level as 'UNSPECIFIED' });
      await assert.rejects(set, { code: status.INVALID_ARGUMENT, details });
    }
    assert.equal(logLevel.level, 'info');
  });

  it('never silences the log without a word in it', async () => {
    const logLevel: { level: SettableLevel } = { level: 'info' };
    const log = new RecordingLogger();
    const said: SettableLevel[] = [];
    log.warn = () => said.push(logLevel.level);
    await using endpoint = await TestAdminEndpoint.start(loggerService({ log, logLevel }));
    const client = endpoint.client(agentLoggerApi);
    await call(client, 'SetLogLevel', { new_level: 'FATAL' });
    await call(client, 'ResetLogLevel', {});
    assert.deepEqual(said, ['info', 'info']);
  });
});
