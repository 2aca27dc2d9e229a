// `run`: the agent, until SIGINT or SIGTERM.
import { abortOnSignals, createLogger, defaultPaths, defineCommand, exitCodes } from '@credence/sdk/daemon';
import { systemClock, systemRandom } from '@credence/sdk/runtime';
import { createAgent } from '../agent.js';
import { loadAgentConfig } from '../config/agent-config.js';
import { runFlags } from '../config/flags.js';

export const command = defineCommand(runFlags, async (values, terminal) => {
  const paths = defaultPaths('agent', terminal);
  const { settings, log: logOptions } = await loadAgentConfig(values, {
    paths,
    env: terminal.env,
    readInput: () => terminal.readInput(),
  });
  process.umask(process.umask(0o077) | 0o027);
  const log = await createLogger(logOptions);
  using signals = abortOnSignals();
  await using agent = createAgent(settings, { clock: systemClock, random: systemRandom, log, logLevel: log });
  try {
    await agent.start(signals.signal);
    log.info({ socketPath: agent.socketPath }, 'agent is ready');
    await agent.ended;
  } catch (error) {
    if (!signals.signal.aborted) throw error;
  }
  log.info({}, 'agent stops');
  return exitCodes.done;
});
