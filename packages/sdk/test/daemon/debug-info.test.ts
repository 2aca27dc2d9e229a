import assert from 'node:assert/strict';
import { renderDebugInfo } from '@credence/sdk/daemon';

describe('what `debug getinfo` prints', () => {
  for (const [uptime, span] of [
    [0, '0s'],
    [59, '59s'],
    [60, '1m0s'],
    [26 * 3600 + 5, '26h0m5s'],
  ] as const) {
    it(`is ${span} for an uptime of ${uptime} s`, () => {
      const info = { uptime, svid_chain: [] };
      const text = renderDebugInfo({ heading: 'Debug Info', width: 8, facts: { Agents: 3 }, info });
      assert.equal(text, `Debug Info:\n  Uptime:  ${span}\n  Agents:  3\n  SVID Chain:\n`);
    });
  }

  it('names each certificate of the chain, and moves no cursor by what one holds', () => {
    const chain = [
      { id: { trust_domain: 'example.org', path: '/a' }, subject: 'O=\u001b[2J', expires_at: '1700000000' },
      { id: null, subject: 'CN=root', expires_at: '1700000001' },
    ];
    const text = renderDebugInfo({ heading: 'I', width: 8, facts: {}, info: { uptime: 1, svid_chain: chain } });
    assert.equal(
      text.slice(text.indexOf('    [0]')),
      [
        '    [0] SPIFFE ID:  spiffe://example.org/a',
        '        Subject:    O=\\u001b[2J',
        '        Expires At: 2023-11-14T22:13:20Z',
        '    [1] SPIFFE ID:  ',
        '        Subject:    CN=root',
        '        Expires At: 2023-11-14T22:13:21Z',
        '',
      ].join('\n'),
    );
  });
});
