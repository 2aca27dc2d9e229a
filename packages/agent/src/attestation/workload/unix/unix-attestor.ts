// The unix attestor: whom a process acts for, and, where the operator wants it, which program it runs.
import { readFileSync } from 'node:fs';
import { agentError } from '../../../domain/errors.js';
import type { Workload, WorkloadAttestor } from '../workload-attestor.js';
import { AccountNames } from './account-names.js';
import { executableDigest, executablePath } from './executable.js';
import { parseProcessStatus } from './process-status.js';

export interface UnixAttestorOptions {
  /** Where proc(5) is mounted. */
  readonly procPath: string;
  /** passwd(5) and group(5). */
  readonly passwdPath: string;
  readonly groupPath: string;
  /** Whether there are `path` and `sha256` selectors. */
  readonly discoverWorkloadPath: boolean;
  /** Bytes of the largest executable that is hashed; a larger one is an error. 0: no limit. Negative: none is hashed. */
  readonly workloadSizeLimit: number;
}

/**
 * Values: `uid`, `user`, `gid`, `group` (effective), `supplementary_gid`, `supplementary_group`, and with
 * `discoverWorkloadPath` also `path` and `sha256`. A number without a name has no selector of its name.
 */
export class UnixAttestor implements WorkloadAttestor {
  readonly type = 'unix';
  readonly #options: UnixAttestorOptions;
  readonly #users: AccountNames;
  readonly #groups: AccountNames;

  constructor(options: UnixAttestorOptions) {
    this.#options = options;
    this.#users = new AccountNames(options.passwdPath);
    this.#groups = new AccountNames(options.groupPath);
  }

  async attest(workload: Workload, signal: AbortSignal): Promise<readonly string[]> {
    const status = parseProcessStatus(readFileSync(`${this.#options.procPath}/${workload.pid}/status`, 'latin1'));
    // A process may run a set-user-ID program for a moment after it connected, and be itself again soon after.
    if (status.uid !== workload.uid || status.gid !== workload.gid) {
      throw agentError('ERR_ATTESTATION', `process ${workload.pid} changed its user or group after it connected`);
    }
    return [
      ...this.#user(status.uid),
      ...this.#group('', status.gid),
      ...status.supplementaryGids.flatMap((gid) => this.#group('supplementary_', gid)),
      ...(await this.#executable(workload, signal)),
    ];
  }

  #user(uid: number): readonly string[] {
    const name = this.#users.nameOf(uid);
    return [`uid:${uid}`, ...(name === undefined ? [] : [`user:${name}`])];
  }

  #group(prefix: string, gid: number): readonly string[] {
    const name = this.#groups.nameOf(gid);
    return [`${prefix}gid:${gid}`, ...(name === undefined ? [] : [`${prefix}group:${name}`])];
  }

  async #executable({ pid }: Workload, signal: AbortSignal): Promise<readonly string[]> {
    const { procPath, discoverWorkloadPath, workloadSizeLimit } = this.#options;
    if (!discoverWorkloadPath) return [];
    const path = `path:${await executablePath(procPath, pid)}`;
    if (workloadSizeLimit < 0) return [path];
    return [path, `sha256:${await executableDigest(procPath, pid, workloadSizeLimit, signal)}`];
  }
}
