// The agent's public socket as a client sees it.
import { credentials, status, type Client } from '@grpc/grpc-js';
import {
  clientSocket,
  errorText,
  isUnknownMethod,
  type FlagValues,
  type socketFlags,
  type Terminal,
} from '@credence/sdk/daemon';
import { isServiceError, type Contract } from '@credence/sdk/wire';

/** Runs `use` on a client of the service and closes it. @throws what `use` throws, with a hint when no agent answers */
export async function withAgent<C extends Client, T>(
  contract: Contract<unknown, C>,
  { values, terminal }: { readonly values: FlagValues<typeof socketFlags>; readonly terminal: Terminal },
  use: (client: C) => Promise<T>,
): Promise<T> {
  const path = clientSocket('agent', values, terminal);
  // The agent is trusted with the size of its answers.
  const options = { 'grpc.max_receive_message_length': -1 };
  const client = contract.createClient(`unix:${path}`, credentials.createInsecure(), options);
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
  if (isForbiddenPath(error)) return `this user may not open ${path}, or a folder above it`;
  if (isUnknownMethod(error)) return `${path} is not the public socket of an agent: say where that is by --socket-path`;
  if (!isRefusedConnection(error)) return undefined;
  return `no agent answers at ${path}: start it, or say where it listens by --socket-path`;
}

/** The text of a failed call, without what gRPC leaves empty. */
export function callText(error: unknown): string {
  return errorText(error).replace(/\.? Resolution note: $/, '');
}

/** Whether the call failed since the permissions of its socket keep this user out. */
export function isForbiddenPath(error: unknown): boolean {
  return isRefusedConnection(error) && errorText(error).includes('EACCES');
}

// The agent answers UNAVAILABLE too; only gRPC itself speaks of connections.
function isRefusedConnection(error: unknown): boolean {
  return isServiceError(error) && error.code === status.UNAVAILABLE && error.details.startsWith('No connection');
}
