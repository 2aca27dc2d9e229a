// The agent's admin socket as a client sees it: one connection a command.
import { resolve } from 'node:path';
import { credentials, status, type Client } from '@grpc/grpc-js';
import {
  defaultAgentAdminSocket,
  errorText,
  outputFlags,
  type FlagValues,
  type Flags,
  type Terminal,
} from '@credence/sdk/daemon';
import { isServiceError, type Contract } from '@credence/sdk/wire';

/** The flags of commands that ask the agent something on its admin socket. */
export const adminFlags = {
  ...outputFlags,
  socketPath: { kind: 'text', placeholder: 'path', help: 'admin socket of the agent' },
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
    if (!isServiceError(error) || error.code !== status.UNAVAILABLE) throw error;
    const hint = `no agent answers at ${path}: set admin_socket_path, or say where it listens by --socket-path`;
    throw new Error(`${errorText(error).replace(/\.? Resolution note: $/, '')}; ${hint}`, { cause: error });
  } finally {
    client.close();
  }
}

/** What `work` comes to; what it throws begins with `message`. */
export async function failing<T>(message: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // The hint about an agent that is away is made from the call's own error.
    if (isServiceError(error) && error.code === status.UNAVAILABLE) throw error;
    throw new Error(`${message}: ${errorText(error)}`, { cause: error });
  }
}
