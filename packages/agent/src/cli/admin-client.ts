// The agent's admin socket as a client sees it: one connection a command.
import { resolve } from 'node:path';
import { credentials, status, type Client } from '@grpc/grpc-js';
import {
  defaultAgentAdminSocket,
  isUnknownMethod,
  outputFlags,
  type FlagValues,
  type Flags,
  type Terminal,
} from '@credence/sdk/daemon';
import { isServiceError, type Contract } from '@credence/sdk/wire';
import { callText, isForbiddenPath } from './agent-client.js';

/** The flags of commands that ask the agent something on its admin socket. */
export const adminFlags = {
  ...outputFlags,
  socketPath: { kind: 'text', metavar: 'path', help: 'admin socket of the agent' },
} as const satisfies Flags;

/** What a command was given. */
export interface AdminCall {
  readonly values: Pick<FlagValues<typeof adminFlags>, 'socketPath'>;
  readonly terminal: Terminal;
}

/** What `use` makes of a client of the service. @throws what `use` throws, with a hint when no agent answers. */
export async function withAgentAdmin<C extends Client, T>(
  contract: Contract<unknown, C>,
  { values, terminal }: AdminCall,
  use: (client: C) => Promise<T>,
): Promise<T> {
  const { socketPath } = values;
  const path = socketPath === undefined ? defaultAgentAdminSocket(terminal) : resolve(socketPath);
  const client = contract.createClient(`unix:${path}`, credentials.createInsecure());
  try {
    return await use(client);
  } catch (error) {
    const hint = hintAbout(error, path);
    throw hint === undefined ? error : new Error(`${callText(error)}; ${hint}`, { cause: error });
  } finally {
    client.close();
  }
}

function hintAbout(error: unknown, path: string): string | undefined {
  if (isForbiddenPath(error)) return `only root, and the agent's own user and group, may open ${path}`;
  if (isUnknownMethod(error))
    return `${path} is not the admin socket of a credence-agent: say where that is by --socket-path`;
  if (!isServiceError(error) || error.code !== status.UNAVAILABLE) return undefined;
  return `no agent answers at ${path}: set admin_socket_path, or say where it listens by --socket-path`;
}
