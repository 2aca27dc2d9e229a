// Users and groups by number or by name, of passwd(5) and group(5).
import { readFile } from 'node:fs/promises';
import { usageError } from '@credence/sdk/daemon';

/** Where names are looked up, and what they are of. */
const accountFiles = { user: '/etc/passwd', group: '/etc/group' } as const;

/** @throws ERR_USAGE when nobody has the name */
export async function accountNumber(
  kind: keyof typeof accountFiles,
  account: string | undefined,
): Promise<number | undefined> {
  if (account === undefined) return undefined;
  if (/^\d{1,10}$/.test(account)) return Number(account);
  const path = accountFiles[kind];
  const line = (await readFile(path, 'utf8')).split('\n').find((text) => text.startsWith(`${account}:`));
  const number = line?.split(':')[2] ?? '';
  if (/^\d{1,10}$/.test(number)) return Number(number);
  throw usageError(`${kind} "${account}" is not in ${path}; its number is accepted too`);
}
