// JSON as google.protobuf.Struct.
import type { Struct } from './gen/google/protobuf/Struct.js';
import type { Value } from './gen/google/protobuf/Value.js';

/** @param members values as JSON.parse makes them */
export function encodeStruct(members: Readonly<Record<string, unknown>>): Struct {
  return { fields: Object.fromEntries(Object.entries(members).map(([name, value]) => [name, encodeValue(value)])) };
}

function encodeValue(value: unknown): Value {
  if (typeof value === 'number') return { numberValue: value };
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (Array.isArray(value)) return { listValue: { values: value.map(encodeValue) } };
  if (typeof value === 'object' && value !== null) return { structValue: encodeStruct({ ...value }) };
  return { nullValue: 'NULL_VALUE' };
}
