import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeBase64, decodeBase64Url, isJsonObject, parseJson } from '../../dist/json/index.js';

const options = { maxLength: 1 << 20 };
const parse = (text: string | Uint8Array): unknown => parseJson(text, options);
const refused = { code: 'ERR_SPIFFE_ENCODING' };

describe('parseJson', () => {
  it('reads what JSON.parse reads, in any layout', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 1, '\t', ' \n'), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        assert.deepEqual(parse(text), JSON.parse(text));
        assert.deepEqual(parse(Buffer.from(text)), JSON.parse(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses every text that JSON.parse refuses, and reads no other value (RFC 8259)', () => {
    const characters = fc.constantFrom(...'{}[]",:0123456789.eE+-truefalsn \t\n\\u"/\0\x1f\u2028\uFEFF'.split(/(?:)/u));
    const edit = fc.tuple(fc.nat(200), fc.nat(3), fc.string({ unit: characters, maxLength: 4 }));
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), edit, (text, [at, length, inserted]) => {
        const start = at % (text.length + 1);
        const edited = text.slice(0, start) + inserted + text.slice(start + length);
        const [ours, theirs] = [outcome(() => parse(edited)), outcome(() => JSON.parse(edited) as unknown)];
        if (ours.error?.endsWith(' twice') === true) return;
        assert.equal(ours.error === undefined, theirs.error === undefined, edited);
        assert.deepEqual(ours.value, theirs.value);
      }),
      { numRuns: 5000 },
    );
  });

  for (const text of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":1}',
    '[{"__proto__":1,"__proto__":2}]',
    '{"b":{},"a":[{"x":{"y":1,"z":2,"y":1}}]}',
  ]) {
    it(`refuses a member that is there twice: ${text}`, () => {
      assert.throws(() => parse(text), refused);
    });
  }

  for (const text of [
    '',
    ' ',
    '01',
    '1.',
    '.5',
    '+1',
    '1e',
    '-',
    'NaN',
    'Infinity',
    'tru',
    'truex',
    '[1,]',
    '[,1]',
    '[1 2]',
    '{"a" 1}',
    '{"a":}',
    '{a:1}',
    "{'a':1}",
    '{"a":1,}',
    '{,}',
    '"',
    '"\\',
    '"\\x"',
    '"\\u00g0"',
    '"\n"',
    '[',
    '{',
    '{"a"',
    '{"a":1',
    '1 2',
    '[]]',
    '\uFEFF1',
    '\v1',
    '\u00A01',
    '/**/1',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => JSON.parse(text));
      assert.throws(() => parse(text), refused);
    });
  }

  it('makes "__proto__" a member like any other', () => {
    const value = parse('{"__proto__":{"polluted":true}}');
    assert.ok(isJsonObject(value) && Object.hasOwn(value, '__proto__'));
    assert.equal(value['polluted'], undefined);
  });

  it('keeps integers exact on request, and only those that a number does not hold', () => {
    const text = '[9007199254740991,9007199254740993,-9007199254740993,1e30,0.5,-0]';
    const exact = parseJson(text, { ...options, exactIntegers: true });
    assert.deepEqual(exact, [9007199254740991, 9007199254740993n, -9007199254740993n, 1e30, 0.5, -0]);
    assert.deepEqual(parse(text), JSON.parse(text));
  });

  it('makes no bigint of more than 32 digits, which would take seconds', () => {
    const [kept, rounded] = ['9'.repeat(32), '9'.repeat(33)];
    const exact = parseJson(`[${kept},${rounded}]`, { ...options, exactIntegers: true });
    assert.deepEqual(exact, [BigInt(kept), Number(rounded)]);
  });

  it('bounds length and depth', () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    assert.ok(parse(nested(33)));
    assert.throws(() => parse(nested(34)), refused);
    assert.throws(() => parse('['.repeat(1_000_000)), refused);
    assert.equal(parseJson('"12"', { maxLength: 4 }), '12');
    assert.throws(() => parseJson('"123"', { maxLength: 4 }), refused);
  });

  it('refuses bytes that are not UTF-8, and a byte order mark', () => {
    assert.equal(parse(Buffer.from('"ä"')), 'ä');
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xef, 0xbb, 0xbf, 0x31],
    ]) {
      assert.throws(() => parse(Buffer.from(bytes)), refused);
    }
  });

  it('says nothing of the text', () => {
    assert.throws(
      () => parse('{"password":hunter2}'),
      (error: Error) => !error.message.includes('hunter2'),
    );
  });
});

describe('base64', () => {
  it('has one spelling a value (RFC 4648 §3.5)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (array) => {
        const bytes = Buffer.from(array);
        assert.deepEqual(decodeBase64Url(bytes.toString('base64url')), bytes);
        assert.deepEqual(decodeBase64(bytes.toString('base64')), bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), (text) => {
        for (const [decode, alphabet] of [
          [decodeBase64Url, 'base64url'],
          [decodeBase64, 'base64'],
        ] as const) {
          const bytes = decode(text);
          assert.ok(bytes === undefined || bytes.toString(alphabet) === text);
        }
      }),
    );
    for (const text of ['AB', 'A', 'AA==', 'A A', 'AA\n', '+/AA']) assert.equal(decodeBase64Url(text), undefined, text);
    for (const text of ['AA', 'AB==', 'A===', 'AAAA=', '-_AA', 'AA==\n'])
      assert.equal(decodeBase64(text), undefined, text);
  });
});

function outcome(run: () => unknown): { value?: unknown; error?: string } {
  try {
    return { value: run() };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
