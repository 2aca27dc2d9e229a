// How processes are attested: the keys of `plugins.WorkloadAttestor`.
import { parsedBy, unknownKeys, usageError } from '@credence/sdk/daemon';
import { z } from 'zod';
import { CgroupPattern } from '../domain/cgroup-pattern.js';
import {
  defaultAgentSettings,
  defaultDockerAttestor,
  type AgentSettings,
  type DockerAttestorSettings,
  type UnixAttestorSettings,
} from '../settings.js';
import { sigstoreOf, sigstoreSchema } from './sigstore.js';

const unixShape = { discover_workload_path: z.boolean().optional(), workload_size_limit: z.int().optional() };
const unixPluginShape = { plugin_data: z.strictObject(unixShape, unknownKeys(unixShape)) };

const socketUrl = z
  .string()
  .regex(/^unix:\/\/\/[^%]+$/, 'not the URL of a Unix socket; unix:///var/run/docker.sock is accepted')
  .transform(pathOf);
const socketTemplate = z
  .string()
  .regex(
    /^unix:\/\/\/[^%]*%d[^%]*$/,
    'not the URL of a Unix socket with one %d; unix:///run/user/%d/podman/podman.sock is accepted',
  )
  .transform(pathOf);
const cgroupPattern = z.string().transform(parsedBy((text) => CgroupPattern.parse(text), '/docker/<id>'));
const cgroupPatterns = z.array(cgroupPattern).check(({ value, issues }) => {
  const [one, other] = overlapping(value) ?? [];
  if (one === undefined || other === undefined) return;
  const message = `"${one.text}" and "${other.text}" may match the same path; one of them is accepted`;
  issues.push({ code: 'custom', input: value, message });
});
const dockerShape = {
  docker_socket_path: socketUrl.optional(),
  docker_version: z
    .string()
    .regex(/^\d{1,3}\.\d{1,3}$/, 'not a version of the Docker Engine API; 1.44 is accepted')
    .optional(),
  podman_socket_path: socketUrl.optional(),
  podman_socket_path_template: socketTemplate.optional(),
  use_rootless_podman: z.boolean().optional(),
  use_new_container_locator: z.boolean().optional(),
  container_id_cgroup_matchers: cgroupPatterns.optional(),
  verbose_container_locator_logs: z.boolean().optional(),
  sigstore: sigstoreSchema,
};
const dockerSchema = z
  .strictObject(dockerShape, unknownKeys(dockerShape))
  .refine((keys) => keys.use_new_container_locator === false || !keys.container_id_cgroup_matchers?.length, {
    path: ['container_id_cgroup_matchers'],
    message: 'not what the new container locator finds containers by; use_new_container_locator: false is accepted',
  });
const dockerPluginShape = { plugin_data: dockerSchema.nullish() };
const systemdPluginShape = { plugin_data: z.strictObject({}, unknownKeys({})).nullish() };

/** The keys of `plugins.WorkloadAttestor`. A key of YAML with nothing below it is null. */
export const workloadAttestorsShape = {
  unix: z.strictObject(unixPluginShape, unknownKeys(unixPluginShape)).optional(),
  docker: z.strictObject(dockerPluginShape, unknownKeys(dockerPluginShape)).nullish(),
  systemd: z.strictObject(systemdPluginShape, unknownKeys(systemdPluginShape)).nullish(),
};

/**
 * The settings of all workload attestors: `unix` is always one, the others when they are named.
 *
 * @throws ERR_USAGE when the environment names a message bus that cannot be used.
 */
export function workloadAttestorsOf(
  { unix, docker, systemd }: z.output<z.ZodObject<typeof workloadAttestorsShape>>,
  env: Readonly<Record<string, string | undefined>>,
): Pick<AgentSettings, 'unixAttestor' | 'dockerAttestor' | 'systemdAttestor'> {
  return {
    unixAttestor: unixAttestorOf(unix?.plugin_data ?? {}),
    dockerAttestor: docker === undefined ? undefined : dockerAttestorOf(docker?.plugin_data ?? {}),
    systemdAttestor: systemd === undefined ? undefined : { busSocketPath: systemBusOf(env['DBUS_SYSTEM_BUS_ADDRESS']) },
  };
}

function unixAttestorOf(keys: z.output<typeof unixPluginShape.plugin_data>): UnixAttestorSettings {
  const { unixAttestor } = defaultAgentSettings;
  return {
    discoverWorkloadPath: keys.discover_workload_path ?? unixAttestor.discoverWorkloadPath,
    workloadSizeLimit: keys.workload_size_limit ?? unixAttestor.workloadSizeLimit,
  };
}

function dockerAttestorOf(keys: NonNullable<z.output<typeof dockerPluginShape.plugin_data>>): DockerAttestorSettings {
  const template = keys.podman_socket_path_template ?? defaultDockerAttestor.podmanSocketPathTemplate;
  return {
    dockerSocketPath: keys.docker_socket_path ?? defaultDockerAttestor.dockerSocketPath,
    dockerVersion: keys.docker_version,
    podmanSocketPath: keys.podman_socket_path ?? defaultDockerAttestor.podmanSocketPath,
    podmanSocketPathTemplate: keys.use_rootless_podman === true ? template : undefined,
    cgroupPatterns: keys.container_id_cgroup_matchers ?? defaultDockerAttestor.cgroupPatterns,
    verboseContainerLocatorLogs:
      keys.verbose_container_locator_logs ?? defaultDockerAttestor.verboseContainerLocatorLogs,
    sigstore: sigstoreOf(keys.sigstore),
  };
}

function overlapping(patterns: readonly CgroupPattern[]): readonly CgroupPattern[] | undefined {
  return patterns
    .flatMap((one, index) => patterns.slice(index + 1).map((other) => [one, other] as const))
    .find(([one, other]) => one.overlaps(other));
}

// D-Bus Specification, "System message bus" and "Server Addresses".
function systemBusOf(address = 'unix:path=/var/run/dbus/system_bus_socket'): string {
  const path = /^unix:path=(\/[^,;%]+)(,guid=[0-9a-f]{32})?$/.exec(address)?.[1];
  if (path !== undefined) return path;
  throw usageError('DBUS_SYSTEM_BUS_ADDRESS is no Unix socket; unix:path=/run/dbus/system_bus_socket is accepted');
}

function pathOf(url: string): string {
  return url.slice('unix://'.length);
}
