// `backup`: a consistent copy of the datastore, made beside the running server or without it.
import { resolve } from 'node:path';
import { defaultPaths, defineCommand, exitCodes, printable, usageError } from '@credence/sdk/daemon';
import { runFlags } from '../config/flags.js';
import { loadDataDir } from '../config/server-config.js';
import { backUpDatastore } from '../server.js';

const flags = {
  file: { kind: 'text', operand: true, metavar: 'path', help: 'the copy, which must not be there yet' },
  config: { kind: 'text', metavar: 'path', help: 'YAML configuration file of the server' },
  expandEnv: runFlags.expandEnv,
  dataDir: { kind: 'text', metavar: 'path', help: 'where the server keeps its data' },
} as const;

export const command = defineCommand(flags, async ({ file, ...where }, terminal) => {
  if (file === undefined || file === '')
    throw usageError('FILE is required; backup /backups/credence.sqlite3 is accepted');
  const dataDir = await loadDataDir(where, defaultPaths('server', terminal), terminal.env);
  const path = resolve(file);
  await backUpDatastore({ dataDir }, path);
  terminal.out(`Backup written to ${printable(path)}\n`);
  return exitCodes.done;
});
