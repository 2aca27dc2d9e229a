import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isSpiffeError } from '@credence/sdk';
import { decodeOid, DerReader, DerWriter, encodeOid, readTime, Tag } from '../../dist/der/index.js';

const isEncodingError = (error: unknown): boolean => isSpiffeError(error, 'ERR_SPIFFE_ENCODING');
const over = (hex: string): DerReader => DerReader.over(Buffer.from(hex, 'hex'));

function write(fill: (writer: DerWriter) => void, capacity?: number): Buffer {
  const writer = new DerWriter(capacity);
  fill(writer);
  return writer.finish();
}

describe('DerWriter and DerReader', () => {
  it('round-trips values of any length, whatever the first capacity (X.690 §10.1)', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 70_000, size: 'max' }),
        fc.integer({ min: 1, max: 300 }),
        (content, capacity) => {
          const der = write((writer) => {
            writer.primitive(Tag.octetString, content);
            writer.boolean(true);
            writer.header(Tag.sequence, 0);
          }, capacity);
          const sequence = DerReader.over(der).enter(Tag.sequence, 'x');
          assert.equal(sequence.boolean('x'), true);
          assert.deepEqual(sequence.expect(Tag.octetString, 'x').content, Buffer.from(content));
          sequence.end('x');
        },
      ),
      { numRuns: 50 },
    );
  });

  it('round-trips non-negative integers in their minimal form (X.690 §8.3.2)', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 160n }), (value) => {
        const digits = value.toString(16);
        const magnitude = Buffer.from(digits.padStart(44, '0'), 'hex');
        const content = DerReader.over(
          write((writer) => {
            writer.unsignedInteger(magnitude);
          }),
        ).integer('x');
        assert.equal(BigInt(`0x${content.toString('hex')}`), value);
        assert.ok((content[0] ?? 0x80) < 0x80);
      }),
    );
  });

  it('round-trips times across the border of UTCTime, to the second (RFC 5280 §4.1.2.5)', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1900-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          const der = write((writer) => {
            writer.time(date);
          });
          const isUtcTime = date.getUTCFullYear() >= 1950 && date.getUTCFullYear() < 2050;
          assert.equal(der[0], isUtcTime ? Tag.utcTime : Tag.generalizedTime);
          assert.equal(readTime(DerReader.over(der), 'x').getTime(), Math.floor(date.getTime() / 1000) * 1000);
        },
      ),
    );
  });

  it('round-trips object identifiers (X.690 §8.19)', () => {
    const arc = fc.integer({ min: 0, max: 2 ** 40 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 }),
        fc.integer({ min: 0, max: 39 }),
        fc.array(arc, { maxLength: 6 }),
        (a, b, rest) => {
          const oid = [a, b, ...rest].join('.');
          assert.equal(decodeOid(encodeOid(oid), 'x'), oid);
        },
      ),
    );
  });

  it('throws nothing but encoding errors on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const walk = (reader: DerReader): void => {
          while (!reader.isAtEnd) {
            const { tag, content } = reader.element('x');
            if ((tag & 0x20) !== 0) walk(reader.within(content, 'x'));
          }
        };
        try {
          walk(DerReader.over(bytes));
        } catch (error) {
          assert.ok(isEncodingError(error));
        }
      }),
    );
  });

  const refused: readonly (readonly [title: string, hex: string, read: (reader: DerReader) => unknown])[] = [
    ['an indefinite length (X.690 §10.1)', '30800000', (r) => r.element('x')],
    ['a length of one octet in long form (X.690 §10.1)', '04810100', (r) => r.element('x')],
    ['a length with a leading zero (X.690 §10.1)', `04820080${'00'.repeat(128)}`, (r) => r.element('x')],
    ['a length of five octets', '04850000000001', (r) => r.element('x')],
    ['a length beyond the bytes', '040201', (r) => r.element('x')],
    ['a cut off length', '0482', (r) => r.element('x')],
    ['nothing', '', (r) => r.element('x')],
    ['a tag of several octets', '1f8100', (r) => r.element('x')],
    ['another tag than expected', '0400', (r) => r.expect(Tag.sequence, 'x')],
    ['a boolean of 0x01 (X.690 §11.1)', '010101', (r) => r.boolean('x')],
    ['a boolean of two octets', '0102ffff', (r) => r.boolean('x')],
    ['an empty integer', '0200', (r) => r.integer('x')],
    ['an integer padded with 00 (X.690 §8.3.2)', '0202007f', (r) => r.integer('x')],
    ['an integer padded with FF (X.690 §8.3.2)', '0202ff80', (r) => r.integer('x')],
    ['a small integer below 0', '0201ff', (r) => r.smallInteger('x')],
    ['a small integer of 5 octets', '02050100000000', (r) => r.smallInteger('x')],
    ['a padded arc (X.690 §8.19.2)', '06028001', (r) => r.objectIdentifier('x')],
    ['an unfinished arc', '060181', (r) => r.objectIdentifier('x')],
    ['an empty object identifier', '0600', (r) => r.objectIdentifier('x')],
    ['an arc above 2^53', `0609${'ff'.repeat(8)}7f`, (r) => r.objectIdentifier('x')],
    ['a bit string with unused bits, for octets', '03020480', (r) => r.octetAlignedBits('x')],
    ['a bit string without its first octet', '0300', (r) => r.octetAlignedBits('x')],
    ['a time without seconds', '170b323031313232303130305a', (r) => readTime(r, 'x')],
    [
      'a time with an offset',
      Buffer.from('\x17\x11201122010000+0100', 'latin1').toString('hex'),
      (r) => readTime(r, 'x'),
    ],
    ['the 30th of February', Buffer.from('\x17\x0d200230010000Z', 'latin1').toString('hex'), (r) => readTime(r, 'x')],
    ['a leap second', Buffer.from('\x17\x0d200228235960Z', 'latin1').toString('hex'), (r) => readTime(r, 'x')],
  ];
  for (const [title, hex, read] of refused) {
    it(`refuses ${title}`, () => {
      assert.throws(() => read(over(hex)), isEncodingError);
    });
  }

  it('refuses bytes that are left over, and names the field', () => {
    const reader = over('05000500');
    reader.expect(Tag.null, 'x');
    assert.throws(() => {
      reader.end('the field');
    }, /the field has trailing bytes/);
    reader.expect(Tag.null, 'x');
    reader.end('x');
  });

  it('refuses nesting beyond its depth', () => {
    let nested: Buffer = Buffer.of(0x30, 0);
    for (let i = 0; i < 20; i++) nested = Buffer.of(0x30, nested.length, ...nested);
    assert.throws(() => {
      for (let reader = DerReader.over(nested); ;) reader = reader.enter(Tag.sequence, 'x');
    }, /nested too deep/);
  });
});
