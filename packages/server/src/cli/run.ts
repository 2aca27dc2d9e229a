// `run`: the server, until SIGINT or SIGTERM.
import { once } from 'node:events';
import {
  abortOnSignals,
  createLogger,
  defaultPaths,
  defineCommand,
  exitCodes,
  lockDataDirectory,
} from '@credence/sdk/daemon';
import { systemClock, systemRandom } from '@credence/sdk/runtime';
import { runFlags } from '../config/flags.js';
import { loadServerConfig } from '../config/server-config.js';
import { createServer } from '../server.js';

export const command = defineCommand(runFlags, async (values, terminal) => {
  const { settings, log: logOptions } = await loadServerConfig(values, defaultPaths('server', terminal), terminal.env);
  process.umask(process.umask(0o077) | 0o027);
  await using lock = await lockDataDirectory(settings.dataDir);
  const log = await createLogger(logOptions);
  using signals = abortOnSignals();
  await using server = createServer(settings, { clock: systemClock, random: systemRandom, log, logLevel: log });
  try {
    await server.start(signals.signal);
    log.info({ ...server.tlsAddress, socketPath: server.socketPath, dataDir: lock.path }, 'server is ready');
    if (!signals.signal.aborted) await once(signals.signal, 'abort');
  } catch (error) {
    if (!signals.signal.aborted) throw error;
  }
  log.info({}, 'server stops');
  return exitCodes.done;
});
