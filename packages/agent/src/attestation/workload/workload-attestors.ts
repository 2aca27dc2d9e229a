// Which attestors there are: `unix` always, the others where the operator wants them.
import { join } from 'node:path';
import type { Clock, Logger } from '@credence/sdk/runtime';
import { DockerAttestor, type DockerAttestorOptions } from './docker/docker-attestor.js';
import { ImageSignatures, type ImageSignaturesOptions } from './sigstore/image-signatures.js';
import { SystemdAttestor, type SystemdAttestorOptions } from './systemd/systemd-attestor.js';
import { UnixAttestor, type UnixAttestorOptions } from './unix/unix-attestor.js';
import type { WorkloadAttestor } from './workload-attestor.js';

export interface WorkloadAttestorsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where proc(5) is mounted. */
  readonly procPath: string;
  readonly unixAttestor: Pick<UnixAttestorOptions, 'discoverWorkloadPath' | 'workloadSizeLimit'>;
  readonly dockerAttestor: DockerAttestorSettings | undefined;
  readonly systemdAttestor: SystemdAttestorOptions | undefined;
  /** Where attestors may keep what they can have again. */
  readonly dataDir: string;
}

type DockerAttestorSettings = Omit<DockerAttestorOptions, 'clock' | 'log' | 'procPath' | 'signatures'> & {
  readonly sigstore: ImageSignaturesOptions['sigstore'] | undefined;
};

export function createWorkloadAttestors(options: WorkloadAttestorsOptions): readonly WorkloadAttestor[] {
  const { procPath, unixAttestor, dockerAttestor, systemdAttestor } = options;
  const accounts = { passwdPath: '/etc/passwd', groupPath: '/etc/group' };
  return [
    new UnixAttestor({ ...unixAttestor, ...accounts, procPath }),
    ...(dockerAttestor === undefined ? [] : [createDockerAttestor(dockerAttestor, options)]),
    ...(systemdAttestor === undefined ? [] : [new SystemdAttestor(systemdAttestor)]),
  ];
}

function createDockerAttestor(
  { sigstore, ...settings }: DockerAttestorSettings,
  { clock, log, procPath, dataDir }: WorkloadAttestorsOptions,
): DockerAttestor {
  const cachePath = join(dataDir, 'sigstore');
  const signatures = sigstore && new ImageSignatures({ clock, log, sigstore, cachePath });
  return new DockerAttestor({ ...settings, clock, log, procPath, signatures });
}
