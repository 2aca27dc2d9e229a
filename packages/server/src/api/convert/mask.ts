// Masks on the wire: without one every field is meant, with one only those that it names.

/** Keeps of `message` the fields that are always sent and those that the mask names. */
export function applyMask<Message extends object>(
  message: Message,
  mask: object | null,
  always: readonly (keyof Message & string)[],
): Partial<Message> {
  if (mask === null) return message;
  const named = new Set<string>(always);
  for (const [field, on] of Object.entries(mask)) if (on === true) named.add(field);
  const kept = Object.entries(message).filter(([field]) => named.has(field));
  return Object.fromEntries(kept) as Partial<Message>;
}

/** Whether the mask means the field. */
export function isMasked<Mask extends object>(mask: Mask | null, field: keyof Mask): boolean {
  return mask === null || mask[field] === true;
}
