// Above which authority ours stand: the keys of `plugins.UpstreamAuthority`.
import { unknownKeys } from '@credence/sdk/daemon';
import { host, path, port } from '@credence/sdk/daemon/config-values';
import { sdkError } from '@credence/sdk/runtime';
import { z } from 'zod';
import type { UpstreamAuthoritySettings } from '../settings.js';

const diskShape = { cert_file_path: path, key_file_path: path, bundle_file_path: path.optional() };
const diskPluginShape = { plugin_data: z.strictObject(diskShape, unknownKeys(diskShape)) };
const spireShape = { server_address: host('::1'), server_port: port(1), workload_api_socket: path };
const spirePluginShape = { plugin_data: z.strictObject(spireShape, unknownKeys(spireShape)) };
const upstreamAuthorityShape = {
  spire: z.strictObject(spirePluginShape, unknownKeys(spirePluginShape)).optional(),
  disk: z.strictObject(diskPluginShape, unknownKeys(diskPluginShape)).optional(),
};

/** The keys of `plugins.UpstreamAuthority`. */
export const upstreamAuthoritySchema = z
  .strictObject(upstreamAuthorityShape, unknownKeys(upstreamAuthorityShape))
  .optional();

/** Undefined: our authorities are self-signed. */
export function upstreamAuthorityOf(
  keys: z.output<typeof upstreamAuthoritySchema>,
): UpstreamAuthoritySettings | undefined {
  if (keys?.disk !== undefined && keys.spire !== undefined) {
    throw sdkError('ERR_CONFIG', 'plugins.UpstreamAuthority: one of disk and spire is accepted, not both');
  }
  if (keys?.spire !== undefined) return spireOf(keys.spire.plugin_data);
  const data = keys?.disk?.plugin_data;
  if (data === undefined) return undefined;
  const { cert_file_path: certificatePath, key_file_path: keyPath, bundle_file_path: bundlePath } = data;
  return { kind: 'disk', certificatePath, keyPath, bundlePath };
}

function spireOf(data: z.output<typeof spirePluginShape.plugin_data>): UpstreamAuthoritySettings {
  const { server_address: address, server_port: port, workload_api_socket: workloadApiSocket } = data;
  return { kind: 'spire', address, port, workloadApiSocket };
}
