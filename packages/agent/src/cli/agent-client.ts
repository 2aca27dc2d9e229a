// The agent's public socket as a client sees it.
import { credentials, status, type Client } from '@grpc/grpc-js';
import { clientSocket, errorText, type FlagValues, type socketFlags, type Terminal } from '@credence/sdk/daemon';
import { isServiceError, type Contract } from '@credence/sdk/wire';

/** Runs `use` on a client of the service and closes it. @throws what `use` throws */
export async function withAgent<C extends Client, T>(
  contract: Contract<unknown, C>,
  { values, terminal }: { readonly values: FlagValues<typeof socketFlags>; readonly terminal: Terminal },
  use: (client: C) => Promise<T>,
): Promise<T> {
  const path = clientSocket('agent', values, terminal);
  const client = contract.createClient(`unix:${path}`, credentials.createInsecure());
  try {
    return await use(client);
  } catch (error) {
    throw isRefusedConnection(error) ? new Error(`${callText(error)}; ${hint(path)}`, { cause: error }) : error;
  } finally {
    client.close();
  }
}

/** The text of a failed call, without what gRPC leaves empty. */
export function callText(error: unknown): string {
  return errorText(error).replace(/\.? Resolution note: $/, '');
}

function hint(path: string): string {
  return `no agent answers at ${path}: start it, or say where it listens by --socket-path`;
}

// The agent answers UNAVAILABLE too; only gRPC itself speaks of connections.
function isRefusedConnection(error: unknown): boolean {
  return isServiceError(error) && error.code === status.UNAVAILABLE && error.details.startsWith('No connection');
}
