// How processes are attested: the keys of `plugins.WorkloadAttestor`.
import { unknownKeys } from '@credence/sdk/daemon';
import { z } from 'zod';
import { defaultAgentSettings, type UnixAttestorSettings } from '../settings.js';

const unixShape = { discover_workload_path: z.boolean().optional(), workload_size_limit: z.int().optional() };
const unixPluginShape = { plugin_data: z.strictObject(unixShape, unknownKeys(unixShape)) };

/** The keys of `plugins.WorkloadAttestor`. */
export const workloadAttestorsShape = {
  unix: z.strictObject(unixPluginShape, unknownKeys(unixPluginShape)).optional(),
};

/** The settings of the attestor `unix`. */
export function unixAttestorOf(keys: z.output<typeof unixPluginShape.plugin_data>): UnixAttestorSettings {
  const { unixAttestor } = defaultAgentSettings;
  return {
    discoverWorkloadPath: keys.discover_workload_path ?? unixAttestor.discoverWorkloadPath,
    workloadSizeLimit: keys.workload_size_limit ?? unixAttestor.workloadSizeLimit,
  };
}
