// `validate`: whether `run` with the same flags would accept its configuration. It reads no join token.
import { defaultPaths, defineCommand, exitCodes } from '@credence/sdk/daemon';
import { loadAgentConfig } from '../config/agent-config.js';
import { runFlags } from '../config/flags.js';

export const command = defineCommand(runFlags, async (values, terminal) => {
  const paths = defaultPaths('agent', terminal);
  await loadAgentConfig(values, { paths, env: terminal.env, readInput: () => Promise.resolve('unread') });
  terminal.out('Credence agent configuration file is valid.\n');
  return exitCodes.done;
});
