// Messages of D-Bus, as much of them as a client needs that calls methods (D-Bus Specification, "Message Format").
import { malformed, ValueReader, ValueWriter, type Value } from './values.js';

/** The part of a header whose length is fixed. */
export const fixedHeaderBytes = 16;

// The specification allows 128 MiB; what we ask for is short.
const largestMessage = 64 * 1024;

export interface MethodCall {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  /** Strings (`s`) and unsigned 32-bit integers (`u`). */
  readonly arguments: readonly Value[];
}

export interface Message {
  /** `other`: a call or a signal. */
  readonly kind: 'return' | 'error' | 'other';
  /** The serial number of the call that it answers. */
  readonly replyTo: Value | undefined;
  readonly errorName: Value | undefined;
  /** The types of the body's values. */
  readonly signature: Value | undefined;
  readonly body: ValueReader;
}

const types = { methodCall: 1, methodReturn: 2, error: 3 } as const;
const codes = { path: 1, interface: 2, member: 3, errorName: 4, replySerial: 5, destination: 6, signature: 8 } as const;
const noAutoStart = 0x2;
const protocolVersion = 1;
const little = 'l'.charCodeAt(0);
const big = 'B'.charCodeAt(0);

/** @param serial not zero; the answer names it. */
export function encodeCall(call: MethodCall, serial: number): Buffer {
  const body = new ValueWriter();
  for (const value of call.arguments) {
    if (typeof value === 'string') body.string(value);
    else body.uint32(value);
  }
  const fields = new ValueWriter();
  writeField(fields, codes.path, 'o', call.path);
  writeField(fields, codes.interface, 's', call.interface);
  writeField(fields, codes.member, 's', call.member);
  writeField(fields, codes.destination, 's', call.destination);
  const signature = call.arguments.map((value) => (typeof value === 'string' ? 's' : 'u')).join('');
  if (signature !== '') writeField(fields, codes.signature, 'g', signature);
  const message = new ValueWriter();
  message.bytes([little, types.methodCall, noAutoStart, protocolVersion]);
  message.uint32(body.length);
  message.uint32(serial);
  message.uint32(fields.length);
  message.bytes(fields.finish());
  message.align(8);
  message.bytes(body.finish());
  return message.finish();
}

function writeField(fields: ValueWriter, code: number, type: 'o' | 's' | 'g', value: string): void {
  fields.align(8);
  fields.bytes([code]);
  fields.signature(type);
  if (type === 'g') fields.signature(value);
  else fields.string(value);
}

/**
 * How many bytes of a message follow the fixed part of its header.
 *
 * @throws ERR_ATTESTATION when it is none, and for a message of more than 64 KiB.
 */
export function remainingBytes(fixed: Buffer): number {
  if (fixed[0] !== little && fixed[0] !== big) throw malformed('has an unknown byte order');
  if (fixed[3] !== protocolVersion) throw malformed('has an unknown version');
  const [bodyLength, fieldsLength] = lengthsOf(fixed);
  const rest = Math.ceil(fieldsLength / 8) * 8 + bodyLength;
  if (rest > largestMessage) throw malformed(`is larger than ${largestMessage} bytes`);
  return rest;
}

/** Reads a message whose fixed part was accepted. @throws ERR_ATTESTATION when it breaks the form. */
export function decodeMessage(fixed: Buffer, rest: Buffer): Message {
  const [bodyLength, fieldsLength] = lengthsOf(fixed);
  const isLittle = fixed[0] === little;
  const fields = readFields(new ValueReader(rest.subarray(0, fieldsLength), isLittle));
  return {
    kind: fixed[1] === types.methodReturn ? 'return' : fixed[1] === types.error ? 'error' : 'other',
    replyTo: fields.get(codes.replySerial),
    errorName: fields.get(codes.errorName),
    signature: fields.get(codes.signature),
    body: new ValueReader(rest.subarray(rest.length - bodyLength), isLittle),
  };
}

function lengthsOf(fixed: Buffer): readonly [bodyLength: number, fieldsLength: number] {
  const reader = new ValueReader(fixed.subarray(4), fixed[0] === little);
  const [bodyLength, , fieldsLength] = [reader.uint32(), reader.uint32(), reader.uint32()];
  return [bodyLength, fieldsLength];
}

function readFields(reader: ValueReader): ReadonlyMap<number, Value> {
  const fields = new Map<number, Value>();
  while (!reader.ended) {
    reader.align(8);
    const code = reader.byte();
    if (fields.has(code)) throw malformed(`has its field ${code} twice`);
    fields.set(code, reader.variant());
  }
  return fields;
}
