// The identifier octets (X.690 §8.1.2) that certificates, requests and keys use.

/** Identifier octets of the universal types, and of context-specific ones by number. */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** `[number]` around a primitive value. */
  context: (number: number): number => 0x80 | number,
  /** `[number]` around a structure. */
  contextConstructed: (number: number): number => 0xa0 | number,
} as const;
