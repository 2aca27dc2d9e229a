// Which attestors there are: `unix` always, the others where the operator wants them.
import type { Clock } from '@credence/sdk/runtime';
import { DockerAttestor, type DockerAttestorOptions } from './docker/docker-attestor.js';
import { SystemdAttestor, type SystemdAttestorOptions } from './systemd/systemd-attestor.js';
import { UnixAttestor, type UnixAttestorOptions } from './unix/unix-attestor.js';
import type { WorkloadAttestor } from './workload-attestor.js';

export interface WorkloadAttestorsOptions {
  readonly clock: Clock;
  /** Where proc(5) is mounted. */
  readonly procPath: string;
  readonly unixAttestor: Pick<UnixAttestorOptions, 'discoverWorkloadPath' | 'workloadSizeLimit'>;
  readonly dockerAttestor: Omit<DockerAttestorOptions, 'clock' | 'procPath'> | undefined;
  readonly systemdAttestor: SystemdAttestorOptions | undefined;
}

export function createWorkloadAttestors(options: WorkloadAttestorsOptions): readonly WorkloadAttestor[] {
  const { clock, procPath, unixAttestor, dockerAttestor, systemdAttestor } = options;
  const accounts = { passwdPath: '/etc/passwd', groupPath: '/etc/group' };
  return [
    new UnixAttestor({ ...unixAttestor, ...accounts, procPath }),
    ...(dockerAttestor === undefined ? [] : [new DockerAttestor({ ...dockerAttestor, clock, procPath })]),
    ...(systemdAttestor === undefined ? [] : [new SystemdAttestor(systemdAttestor)]),
  ];
}
