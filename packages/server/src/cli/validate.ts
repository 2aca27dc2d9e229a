// `validate`: whether `run` with the same flags would accept its configuration.
import { defaultPaths, defineCommand, exitCodes } from '@credence/sdk/daemon';
import { runFlags } from '../config/flags.js';
import { loadServerConfig } from '../config/server-config.js';

export const command = defineCommand(runFlags, async (values, terminal) => {
  await loadServerConfig(values, defaultPaths('server', terminal), terminal.env);
  terminal.out('Credence server configuration file is valid.\n');
  return exitCodes.done;
});
