import assert from 'node:assert/strict';
import { exitCodes, parseLevelFlag, printLogger, type OutputFormat, type Terminal } from '@credence/sdk/daemon';

function printed(output: OutputFormat): string {
  let text = '';
  const terminal = { out: (more: string) => (text += more) } as unknown as Terminal;
  const answered = { current_level: 'WARN', launch_level: 'INFO' };
  assert.equal(printLogger(answered, output, terminal), exitCodes.done);
  return text;
}

describe('the level of `logger set`', () => {
  for (const name of ['panic', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']) {
    it(`may be ${name}, in whatever case`, () => {
      assert.equal(parseLevelFlag(name), name.toUpperCase());
      assert.equal(parseLevelFlag(name.toUpperCase()), name.toUpperCase());
    });
  }

  it('is none that the service does not have, and what is accepted is said', () => {
    const accepted = 'panic, fatal, error, warn, info, debug, trace are accepted';
    for (const level of ['warning', 'unspecified', 'ınfo', ' info', '0']) {
      assert.throws(() => parseLevelFlag(level), { code: 'ERR_USAGE', message: `--level is "${level}"; ${accepted}` });
    }
    for (const level of [undefined, '']) {
      assert.throws(() => parseLevelFlag(level), { code: 'ERR_USAGE', message: `--level is required; ${accepted}` });
    }
  });
});

describe('what the Logger service answers', () => {
  it('is shown as SPIRE shows it', () => {
    assert.equal(printed('pretty'), 'Logger Level : warning\nLaunch Level : info\n\n');
  });

  it('is shown to programs as it came', () => {
    assert.equal(printed('json'), '{"current_level":"WARN","launch_level":"INFO"}\n');
  });
});
