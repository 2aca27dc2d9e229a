// Which container a process runs in, from the names of its control groups, which container engines call by the
// container's ID; and the proof of it. Names alone prove little: a user to whom a part of the hierarchy is delegated may
// make groups of any name there, and anyone may mount any group in a mount namespace of his own.
import { readlink } from 'node:fs/promises';
import type { Logger } from '@credence/sdk/runtime';
import type { CgroupPattern } from '../../../domain/cgroup-pattern.js';
import { agentError } from '../../../domain/errors.js';
import { readCgroupMounts, readCgroups } from './cgroups.js';

/** Where a process seems to run. */
export interface ContainerPlace {
  /** 64 lower-case hexadecimal digits. */
  readonly id: string;
  /** The control groups of that name, each a path that ends in it. */
  readonly groups: readonly string[];
  /** Whether they are the process's own; otherwise it has only mounted them. */
  readonly own: boolean;
}

/** How containers are looked for. */
export interface ContainerSearch {
  /** Where proc(5) is mounted. */
  readonly procPath: string;
  /** Where in their paths control groups say the ID; none: in any name of 64 hexadecimal digits. */
  readonly patterns: readonly CgroupPattern[];
  /** Is told what is seen, at the level debug; undefined: nobody is. */
  readonly log: Logger | undefined;
}

/**
 * The container that the control groups of a process name or, when they name none and there are no patterns, those that
 * it has mounted.
 *
 * @returns undefined when it is in none.
 * @throws ERR_ATTESTATION when it is in several, when a pattern finds something else than an ID, or when its files cannot
 * be understood; the error of the operating system.
 */
export async function findContainer(search: ContainerSearch, pid: number): Promise<ContainerPlace | undefined> {
  const { procPath, patterns, log } = search;
  const paths = await readCgroups(procPath, pid);
  tell(log, { pid, paths }, 'control groups of a process');
  if (patterns.length > 0)
    return placeOf(
      paths.map((path) => patternGroup(patterns, path)),
      true,
    );
  const place = placeOf(paths.map(containerGroup), true);
  if (place !== undefined) return place;
  // Only then: they are the process's own choice.
  const mounts = await readCgroupMounts(procPath, pid);
  tell(log, { pid, paths: mounts }, 'control groups that a process has mounted');
  return placeOf(mounts.map(containerGroup), false);
}

interface Seen {
  readonly pid: number;
  readonly paths: readonly string[];
}

// A process chooses how much it mounts, and may choose names.
const mostTold = 32;
const longestTold = 512;

function tell(log: Logger | undefined, { pid, paths }: Seen, message: string): void {
  const told = paths.slice(0, mostTold).map((path) => path.slice(0, longestTold));
  log?.debug({ pid, count: paths.length, paths: told }, message);
}

type ContainerGroup = Pick<ContainerPlace, 'id'> & { readonly path: string };

function placeOf(found: readonly (ContainerGroup | undefined)[], own: boolean): ContainerPlace | undefined {
  const groups = found.filter((group) => group !== undefined);
  const [id, other] = new Set(groups.map((group) => group.id));
  if (id === undefined) return undefined;
  if (other !== undefined) throw agentError('ERR_ATTESTATION', `the process is in several containers: ${id}, ${other}`);
  return { id, groups: groups.map(({ path }) => path), own };
}

/** The part of a path that a pattern calls the container's. */
function patternGroup(patterns: readonly CgroupPattern[], path: string): ContainerGroup | undefined {
  for (const pattern of patterns) {
    const group = pattern.find(path);
    if (group === undefined) continue;
    if (/^[0-9a-f]{64}$/.test(group.id)) return group;
    const found = `${JSON.stringify(pattern.text)} finds ${JSON.stringify(group.id)} in a control group`;
    throw agentError('ERR_ATTESTATION', `${found}, which is no ID of 64 digits`);
  }
  return undefined;
}

/** The innermost group of a path that is called by a container's ID. */
function containerGroup(path: string): ContainerGroup | undefined {
  const segments = path.split('/');
  for (; segments.length > 0; segments.pop()) {
    const id = /\b[0-9a-f]{64}\b/.exec(segments.at(-1) ?? '')?.[0];
    if (id !== undefined) return { id, path: segments.join('/') };
  }
  return undefined;
}

/**
 * Checks that a process belongs to the container whose first process is `first`: that one is in the same control groups
 * or, when the process has only mounted them, in the same mount namespace, which nobody enters who may not.
 *
 * @throws ERR_ATTESTATION when it does not.
 */
export async function checkMembership(
  procPath: string,
  pid: number,
  place: ContainerPlace,
  first: number,
): Promise<void> {
  const same = place.own ? await sharesGroups(procPath, place, first) : await sharesMounts(procPath, pid, first);
  if (!same) throw agentError('ERR_ATTESTATION', `process ${pid} only seems to be in container ${place.id}`);
}

async function sharesGroups(procPath: string, { groups }: ContainerPlace, first: number): Promise<boolean> {
  const paths = await readCgroups(procPath, first);
  return groups.every((group) => paths.some((path) => `${path}/`.startsWith(`${group}/`)));
}

async function sharesMounts(procPath: string, pid: number, first: number): Promise<boolean> {
  const [namespace, ofFirst] = await Promise.all([pid, first].map((each) => mountNamespace(procPath, each)));
  return namespace !== undefined && namespace === ofFirst;
}

// Undefined when the agent may not see it.
function mountNamespace(procPath: string, pid: number): Promise<string | undefined> {
  return readlink(`${procPath}/${pid}/ns/mnt`).catch(() => undefined);
}
