// Which socket a command talks to: the flag, an instance by the template of the environment, the variable of the
// environment, the default.
import { resolve } from 'node:path';
import { usageError } from './exit.js';
import type { Flags, FlagValues } from './flags.js';
import { defaultPaths } from './paths.js';
import type { Terminal } from './program.js';

/** The flags of every command that talks to a daemon. */
export const socketFlags = {
  socketPath: { kind: 'text', metavar: 'path', help: 'Unix socket of the daemon' },
  instance: { kind: 'text', metavar: 'name', help: 'instance, put for %i into the socket template' },
} as const satisfies Flags;

/** The flags of `healthcheck`. */
export const healthcheckFlags = {
  ...socketFlags,
  shallow: { kind: 'boolean', default: false, help: 'accepted and without effect' },
  verbose: { kind: 'boolean', default: false, help: 'say what is done' },
} as const satisfies Flags;

/**
 * The absolute path of the socket. For the server the variables are CREDENCE_SERVER_SOCKET and
 * CREDENCE_SERVER_SOCKET_TEMPLATE, for the agent CREDENCE_AGENT_….
 *
 * @throws ERR_USAGE when an instance is named and the template lacks.
 */
export function clientSocket(
  daemon: 'server' | 'agent',
  { socketPath, instance }: FlagValues<typeof socketFlags>,
  terminal: Terminal,
): string {
  const variable = `CREDENCE_${daemon.toUpperCase()}_SOCKET`;
  if (socketPath !== undefined) return resolve(socketPath);
  if (instance !== undefined) return resolve(fromTemplate(`${variable}_TEMPLATE`, instance, terminal));
  const fromEnvironment = terminal.env[variable];
  if (fromEnvironment !== undefined && fromEnvironment !== '') return resolve(fromEnvironment);
  return defaultPaths(daemon, terminal).socket;
}

function fromTemplate(variable: string, instance: string, terminal: Terminal): string {
  const template = terminal.env[variable];
  if (template?.includes('%i') !== true) {
    throw usageError(`flag --instance needs the environment variable ${variable} to be a path that holds %i`);
  }
  return template.replaceAll('%i', () => instance);
}
