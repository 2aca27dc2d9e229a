import assert from 'node:assert/strict';
import type { LogLevelSwitch } from '@credence/sdk/daemon';
import { RecordingLogger } from '../../ca/support/recording-logger.js';
import { refusal } from '../support/refusal.js';
import { call, TestServer } from '../support/test-server.js';
import { channel } from '../support/test-agent.js';

describe('the Logger service', () => {
  let server: TestServer;
  let log: RecordingLogger;
  let logLevel: LogLevelSwitch;

  beforeEach(async () => {
    log = new RecordingLogger();
    logLevel = { level: 'info' };
    server = await TestServer.start({ log, logLevel });
  });

  afterEach(() => server[Symbol.asyncDispose]());

  const levels = [
    ['PANIC', 'fatal'],
    ['FATAL', 'fatal'],
    ['ERROR', 'error'],
    ['WARN', 'warn'],
    ['INFO', 'info'],
    ['DEBUG', 'debug'],
    ['TRACE', 'trace'],
  ] as const;
  for (const [level, ours] of levels) {
    it(`sets ${level}, and goes back to the level of the launch`, async () => {
      const { loggers } = server.local;
      assert.deepEqual(await call(loggers, 'GetLogger', {}), { current_level: 'INFO', launch_level: 'INFO' });
      const set = { current_level: level, launch_level: 'INFO' };
      assert.deepEqual(await call(loggers, 'SetLogLevel', { new_level: level }), set);
      assert.equal(logLevel.level, ours);
      assert.deepEqual(await call(loggers, 'GetLogger', {}), set);
      assert.deepEqual(await call(loggers, 'ResetLogLevel', {}), { ...set, current_level: 'INFO' });
      assert.equal(logLevel.level, 'info');
    });
  }

  for (const [new_level, text] of [
    ['UNSPECIFIED', 'newLevel value cannot be LogLevel_UNSPECIFIED'],
    [8, 'unsupported log level'],
  ] as const) {
    it(`refuses the level ${new_level}`, async () => {
      const { loggers } = server.local;
      await call(loggers, 'SetLogLevel', { new_level: 'DEBUG' });
      const set = call(loggers, 'SetLogLevel', { new_level: new_level as 'UNSPECIFIED' });
      assert.equal(await refusal(set), `INVALID_ARGUMENT: ${text}`);
      assert.equal(logLevel.level, 'debug');
    });
  }

  it('never silences the log without a word in it', async () => {
    const { loggers } = server.local;
    const said: LogLevelSwitch['level'][] = [];
    log.warn = (_fields, message) => {
      if (message === 'log level changed') said.push(logLevel.level);
    };
    await call(loggers, 'SetLogLevel', { new_level: 'PANIC' });
    await call(loggers, 'SetLogLevel', { new_level: 'DEBUG' });
    assert.deepEqual(said, ['info', 'debug']);
  });

  it('is not there for callers over TLS, whose attempts are recorded', async () => {
    await call(server.local.loggers, 'GetLogger', {});
    const { loggers, debug } = server.remote(await channel(server));
    assert.match(await refusal(call(loggers, 'GetLogger', {})), /^UNIMPLEMENTED: /);
    assert.match(await refusal(call(debug, 'GetInfo', {})), /^UNIMPLEMENTED: /);
    const refused = log.lines
      .map(({ fields }) => fields as Readonly<Record<string, unknown>>)
      .filter(({ type, status }) => type === 'audit' && status === 'error');
    assert.deepEqual(
      refused.map(({ method, status_code, caller_addr: address }) => [method, status_code, address !== undefined]),
      [
        ['GetLogger', 'UNIMPLEMENTED', true],
        ['GetInfo', 'UNIMPLEMENTED', true],
      ],
    );
  });
});
