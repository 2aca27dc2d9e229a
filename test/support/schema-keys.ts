// The keys that a configuration may have, read off its schema.
import { z } from 'zod';

/** The keys of a schema, each with those above it: `server.ratelimit.signing`. */
export function keysOf(schema: unknown, prefix = ''): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return keysOf(schema.unwrap(), prefix);
  if (!(schema instanceof z.ZodObject)) return [prefix];
  const fields = Object.entries(schema.shape);
  // A key with nothing below it says something by being there, unless it only makes room for plugins that have settings.
  if (fields.length === 0) return prefix.endsWith('.plugin_data') ? [] : [prefix];
  return fields.flatMap(([key, field]) => keysOf(field, prefix === '' ? key : `${prefix}.${key}`));
}
