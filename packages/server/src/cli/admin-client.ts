// The admin socket as a client sees it: one connection a command.
import { credentials, status, type Client, type ClientOptions } from '@grpc/grpc-js';
import {
  clientSocket,
  errorText,
  isUnknownMethod,
  outputFlags,
  socketFlags,
  type FlagValues,
  type Terminal,
} from '@credence/sdk/daemon';
import { isServiceError, type Contract } from '@credence/sdk/wire';

export { answer, failing } from '@credence/sdk/daemon';

/** The flags of commands that ask the server something. */
export const adminFlags = { ...socketFlags, ...outputFlags } as const;

/** Opens a client of a service on the admin socket. */
export type Connect = <C extends Client>(contract: Contract<unknown, C>, options?: ClientOptions) => C;

// The server is trusted, and how large its answers are is for others to say, such as the publishers of foreign bundles.
const settings: ClientOptions = { 'grpc.max_receive_message_length': -1 };

/** Runs `use` and closes what it opened. @throws what `use` throws, with a hint when no server answers. */
export async function withServer<T>(
  values: FlagValues<typeof socketFlags>,
  terminal: Terminal,
  use: (connect: Connect) => Promise<T>,
): Promise<T> {
  const path = clientSocket('server', values, terminal);
  const clients: Client[] = [];
  try {
    return await use((contract, options) => {
      const client = contract.createClient(`unix:${path}`, credentials.createInsecure(), { ...settings, ...options });
      clients.push(client);
      return client;
    });
  } catch (error) {
    const text = errorText(error).replace(/\.? Resolution note: $/, '');
    const hint = hintAbout(error, path);
    throw hint === undefined ? error : new Error(`${text}; ${hint}`, { cause: error });
  } finally {
    for (const client of clients) client.close();
  }
}

function hintAbout(error: unknown, path: string): string | undefined {
  if (isUnknownMethod(error))
    return `${path} is not the admin socket of a server that knows this command: say where that is by --socket-path`;
  if (!isServiceError(error) || error.code !== status.UNAVAILABLE) return undefined;
  if (errorText(error).includes('EACCES')) return `only root, and the server's own user and group, may open ${path}`;
  return `no server answers at ${path}: start it, or say where it listens by --socket-path`;
}
