import assert from 'node:assert/strict';
import { renderAgent, renderAgentSelectors, renderEntry } from '../../dist/cli/render.js';

const hostile = 'x\nBanned            : true\u001b[31m\u009b\u202e';
const selectors = [{ type: 'unix', value: hostile }];

describe('what people read of entries and agents', () => {
  const cases = [
    { name: 'an entry', lines: 9, text: renderEntry({ id: hostile, hint: hostile, selectors, dns_names: [hostile] }) },
    { name: 'an agent', lines: 6, text: renderAgent({ agent_version: hostile, attestation_type: hostile }) },
    { name: 'the selectors of an agent', lines: 1, text: renderAgentSelectors({ selectors }) },
  ];
  for (const { name, lines, text } of cases) {
    it(`has one line a field of ${name}, and no control character but its end`, () => {
      const shown = text.trimEnd().split('\n');
      assert.equal(shown.length, lines);
      for (const line of shown) assert.match(line, /^\P{C}*$/u);
      assert.ok(text.includes('x\\u000aBanned            : true\\u001b[31m\\u009b\\u202e'), text);
    });
  }
});
