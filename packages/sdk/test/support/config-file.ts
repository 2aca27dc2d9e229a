// What the tests of both daemons' configurations share.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseConfig } from '@credence/sdk/daemon';
import { parse } from 'yaml';
import { z, type ZodType } from 'zod';
import { temporaryDirectory } from './temporary-directory.js';

/** Runs `use` with the path of a file of this text. */
export async function withFile<T>(text: string, use: (path: string) => Promise<T>): Promise<T> {
  await using folder = await temporaryDirectory();
  const path = join(folder.path, 'daemon.yaml');
  await writeFile(path, text);
  return await use(path);
}

/** Checks that an example has each key of the schema, counting those that are commented out, and suits it with them. */
export async function assertShowsEveryKey(example: string, schema: ZodType): Promise<void> {
  const full = example.replace(/^( *)# ( *(?:[a-z0-9_]+:( |$)|[A-Za-z]+:$))/gm, '$1$2');
  await parseConfig(full, schema, 'the example');
  assert.deepEqual(keysIn(parse(full)).sort(), keysOf(schema).sort());
}

/** The keys of a schema, each with those above it: `agent.experimental.sync_interval`. */
function keysOf(schema: unknown, prefix = ''): string[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return keysOf(schema.unwrap(), prefix);
  if (!(schema instanceof z.ZodObject)) return [prefix];
  return Object.entries(schema.shape as Record<string, unknown>).flatMap(([key, field]) =>
    keysOf(field, prefix === '' ? key : `${prefix}.${key}`),
  );
}

function keysIn(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [prefix];
  return Object.entries(value).flatMap(([key, field]) => keysIn(field, prefix === '' ? key : `${prefix}.${key}`));
}
