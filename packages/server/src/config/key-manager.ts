// Where the keys of the authorities are kept: the keys of `plugins.KeyManager`.
import { join } from 'node:path';
import { unknownKeys } from '@credence/sdk/daemon';
import { path } from '@credence/sdk/daemon/config-values';
import { z } from 'zod';
import type { KeyManagerSettings } from '../settings.js';

const diskShape = { keys_path: path };
const diskPluginShape = { plugin_data: z.strictObject(diskShape, unknownKeys(diskShape)).partial().nullish() };
const memoryPluginShape = { plugin_data: z.strictObject({}, unknownKeys({})).nullish() };
// A key of YAML with nothing below it is null.
const keyManagerShape = {
  disk: z.strictObject(diskPluginShape, unknownKeys(diskPluginShape)).nullish(),
  memory: z.strictObject(memoryPluginShape, unknownKeys(memoryPluginShape)).nullish(),
};

/** The keys of `plugins.KeyManager`. */
export const keyManagerSchema = z
  .strictObject(keyManagerShape, unknownKeys(keyManagerShape))
  .refine((given) => Object.keys(given).length === 1, 'not one key manager; disk or memory is accepted')
  .optional();

/** What they say; by default a file of the data directory. */
export function keyManagerOf(keys: z.output<typeof keyManagerSchema>, dataDir: string): KeyManagerSettings {
  if (keys?.memory !== undefined) return { kind: 'memory' };
  return { kind: 'disk', path: keys?.disk?.plugin_data?.keys_path ?? join(dataDir, 'keys.json') };
}
