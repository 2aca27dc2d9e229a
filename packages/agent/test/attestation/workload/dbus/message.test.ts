import assert from 'node:assert/strict';
import { isSpiffeError } from '@credence/sdk/runtime';
import fc from 'fast-check';
import {
  decodeMessage,
  encodeCall,
  fixedHeaderBytes,
  remainingBytes,
  type Message,
} from '../../../../dist/attestation/workload/dbus/message.js';

const call = { destination: 'a.b', path: '/c', interface: 'd.e', member: 'F', arguments: ['x', 7] };

function decode(bytes: Buffer): Message {
  const fixed = bytes.subarray(0, fixedHeaderBytes);
  return decodeMessage(fixed, bytes.subarray(fixedHeaderBytes, fixedHeaderBytes + remainingBytes(fixed)));
}

describe('a message of D-Bus (D-Bus Specification, "Message Format")', () => {
  it('is composed as the specification says, byte by byte', () => {
    const text = (value: string): string => `${Buffer.from([value.length, 0, 0, 0]).toString('latin1')}${value}\0`;
    assert.equal(
      encodeCall(call, 258).toString('latin1'),
      [
        'l\x01\x02\x01', // little-endian, a method call, NO_AUTO_START, version 1
        '\x0c\0\0\0', // bytes of the body
        '\x02\x01\0\0', // serial
        '\x48\0\0\0', // bytes of the fields
        `\x01\x01o\0${text('/c')}\0\0\0\0\0`,
        `\x02\x01s\0${text('d.e')}\0\0\0\0`,
        `\x03\x01s\0${text('F')}\0\0\0\0\0\0`,
        `\x06\x01s\0${text('a.b')}\0\0\0\0`,
        '\x08\x01g\0\x02su\0',
        text('x'),
        '\0\0\x07\0\0\0',
      ].join(''),
    );
  });

  it('is refused when it is padded by something else than zeros', () => {
    const bytes = encodeCall(call, 1);
    decode(bytes);
    bytes[16 + 4 + 4 + 3] = 1;
    assert.throws(() => decode(bytes), { code: 'ERR_ATTESTATION', message: /padded/ });
  });

  it('is read or refused with a reason, whatever its bytes are', () => {
    const changed = fc.tuple(fc.nat(60), fc.nat(255)).map(([at, byte]) => {
      const bytes = encodeCall(call, 1);
      bytes[at] = byte;
      return bytes;
    });
    const random = fc.uint8Array({ minLength: fixedHeaderBytes, maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(changed, random), (bytes) => {
        try {
          decode(bytes);
        } catch (error) {
          assert.ok(isSpiffeError(error, 'ERR_ATTESTATION'), String(error));
        }
      }),
      { numRuns: 5000 },
    );
  });
});
