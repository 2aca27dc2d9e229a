import assert from 'node:assert/strict';
import { encodeJson, errorText, printable, runProgram, type Terminal } from '@credence/sdk/daemon';

const hostile = [
  { name: 'an escape sequence', text: 'a\u001b[31mb', shown: 'a\\u001b[31mb' },
  { name: 'a line break', text: 'a\nBanned: true', shown: 'a\\u000aBanned: true' },
  { name: 'a C1 control character', text: '\u009b2J', shown: '\\u009b2J' },
  { name: 'a bidirectional override', text: '\u202eabc', shown: '\\u202eabc' },
  { name: 'a tag character beyond the BMP', text: '\u{e0041}', shown: '\\udb40\\udc41' },
  { name: 'half a surrogate pair', text: 'a\ud83d', shown: 'a\\ud83d' },
];

describe('printable', () => {
  it('keeps what can be shown', () => {
    const text = 'unix:user:zoë 名前 😀 "\\"';
    assert.equal(printable(text), text);
  });

  for (const { name, text, shown } of hostile) {
    it(`escapes ${name}`, () => {
      assert.equal(printable(text), shown);
    });

    it(`escapes ${name} in JSON, which still means the same (RFC 8259 §7)`, () => {
      const json = encodeJson({ text });
      assert.match(json, /^\P{C}*$/u);
      assert.deepEqual(JSON.parse(json), { text });
    });

    it(`escapes ${name} in what a server answered to a failed call`, () => {
      const error = Object.assign(new Error('3'), { code: 3, details: text });
      assert.equal(errorText(error), `rpc error: code = InvalidArgument desc = ${shown}`);
    });
  }

  it('is what a program prints of an error, line by line', async () => {
    let printed = '';
    const terminal: Terminal = {
      out: () => undefined,
      err: (text) => void (printed += text),
      readInput: () => Promise.resolve(''),
      env: {},
      uid: 1000,
    };
    const command = { flags: {}, run: () => Promise.reject(new Error('two problems:\n  a\n  \u001b[31mb')) };
    const commands = [{ path: 'fail', summary: '', load: () => Promise.resolve(command) }];
    await runProgram({ name: 'demo', version: '1', summary: '', commands }, ['fail'], terminal);
    assert.equal(printed, 'Error: two problems:\n  a\n  \\u001b[31mb\n');
  });
});
