import assert from 'node:assert/strict';
import { AgentPathTemplate } from '../../dist/domain/agent-path-template.js';

const names = ['A', 'Sub.B', 'Map.'];
const values: Readonly<Record<string, string>> = {
  A: 'Some-Node',
  'Sub.B': 'b.example.org',
  'Map.k': 'v',
  'Map.x_y': 'w',
  'Map.kelvin': '\u212anode',
  'Map.long': '\u017fTRA\u00df\u00c9',
};
const render = (text: string): string => AgentPathTemplate.parse(text, names).render((name) => values[name]);

describe('a template of agent paths', () => {
  const rows: readonly [string, string][] = [
    ['/plain', '/plain'],
    ['/{{ .A }}', '/Some-Node'],
    ['/{{.A}}/{{ .Sub.B }}/x', '/Some-Node/b.example.org/x'],
    ['/{{ .Map.k }}{{ .Map.x_y }}', '/vw'],
    ['/{{ lower .A }}', '/some-node'],
    // No other letter becomes one of ASCII: another name would be that of this node.
    ['/{{ lower .Map.kelvin }}', '/\u212anode'],
    ['/{{ upper .Map.long }}', '/\u017fTRA\u00df\u00c9'],
    ['/{{ .A | upper }}', '/SOME-NODE'],
    ['/{{ .A | lower | trimPrefix "some-" }}', '/node'],
    ['/{{ trimSuffix ".example.org" .Sub.B }}', '/b'],
    ['/{{ trimSuffix "" .A }}{{ trimPrefix `none` .A }}', '/Some-NodeSome-Node'],
    ['/{{ .Sub.B | replace "." "$&" }}', '/b$&example$&org'],
    ['/{{ "text" }}{{ upper "\\u0041b" }}', '/textAB'],
    ['/{{ sha256sum .Map.k }}', '/4c94485e0c21ae6c41ce1dfe7b6bfaceea5ab68e40a2476f50208e526f506080'],
  ];
  for (const [text, expected] of rows) {
    it(`renders ${text}`, () => {
      assert.equal(render(text), expected);
    });
  }

  const wrong: readonly [string, RegExp][] = [
    ['', /the first character is not a slash/],
    ['cn/{{ .A }}', /the first character is not a slash/],
    ['/{{ .C }}', /there is no \.C; \.A, \.Sub\.B, \.Map\. are accepted/],
    ['/{{ .Map. }}', /there is no \.Map\./],
    ['/{{ .Sub }}', /there is no \.Sub/],
    ['/{{ }}', /a command is missing/],
    ['/{{ .A | }}', /a command is missing/],
    ['/{{ .A .A }}', /"\.A" is no function/],
    ['/{{ .A | .A }}', /"\.A" is no function/],
    ['/{{ lower }}', /lower takes 1 texts, not 0/],
    ['/{{ replace "a" .A }}', /replace takes 3 texts, not 2/],
    ['/{{ lower upper }}', /"upper" needs a function in front/],
    ['/{{ if .A }}x{{ end }}', /there is no "if"; lower, upper, /],
    ['/{{ b64enc .A }}', /there is no "b64enc"/],
    ['/{{ constructor .A }}', /there is no "constructor"/],
    ['/{{ lower (upper .A) }}', /"\(upper \.A\)" is not understood/],
    ['/{{- .A -}}', /"- \.A -" is not understood|is not understood/],
    ['/{{ $x := .A }}', /is not understood/],
    ['/{{ "a\\q" }}', /is not a text/],
    ['/{{ .A', /has a brace outside of an action/],
    ['/{ .A }', /has a brace outside of an action/],
  ];
  for (const [text, message] of wrong) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => AgentPathTemplate.parse(text, names), { code: 'ERR_INVALID_ARGUMENT', message });
    });
  }

  it('refuses a node without a value, or one whose action makes no text', () => {
    assert.throws(() => render('/{{ .Map.none }}'), { code: 'ERR_NODE_PROOF', message: /the node has no \.Map\.none/ });
    assert.throws(() => render('/{{ trimPrefix "Some-Node" .A }}'), { code: 'ERR_NODE_PROOF', message: /is empty/ });
  });
});
