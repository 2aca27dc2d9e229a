import assert from 'node:assert/strict';
import { isSpiffeError } from '@credence/sdk';
import { parsePem, toPem } from '../../dist/der/index.js';

const bytes = Buffer.from(Array.from({ length: 100 }, (_, index) => index));
const block = toPem(bytes, 'CERTIFICATE');

describe('PEM (RFC 7468)', () => {
  it('round-trips blocks, with text around them and either line ending', () => {
    const text = `subject=x\n${block}\n# another\n${block}end`;
    assert.deepEqual(parsePem(text, 'CERTIFICATE'), [bytes, bytes]);
    assert.deepEqual(parsePem(text.replaceAll('\n', '\r\n'), 'CERTIFICATE'), [bytes, bytes]);
  });

  it('finds nothing in a text without blocks', () => {
    assert.deepEqual(parsePem('hello', 'CERTIFICATE'), []);
  });

  const refused: readonly (readonly [title: string, text: string])[] = [
    ['a block of another label', toPem(bytes, 'PRIVATE KEY')],
    ['a block without an end', block.replace(/-----END.*\n/, '')],
    ['an end without a block', '-----END CERTIFICATE-----\n'],
    ['a block within a block', `-----BEGIN CERTIFICATE-----\n${block}`],
    ['characters that are not base64', block.replace('AAEC', 'A*EC')],
    ['missing padding', block.replace('==', '')],
    ['trailing bits that are not zero', '-----BEGIN CERTIFICATE-----\nAB==\n-----END CERTIFICATE-----\n'],
    ['an empty block', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'],
  ];
  for (const [title, text] of refused) {
    it(`refuses ${title}`, () => {
      assert.throws(
        () => parsePem(text, 'CERTIFICATE'),
        (error) => isSpiffeError(error, 'ERR_SPIFFE_ENCODING'),
      );
    });
  }
});
