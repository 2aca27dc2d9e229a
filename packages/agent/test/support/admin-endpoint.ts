// An admin endpoint in a temporary folder, with the services that a test wants.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { credentials, type Client, type ClientOptions } from '@grpc/grpc-js';
import { silentLogger, systemClock } from '@credence/sdk/runtime';
import type { Contract } from '@credence/sdk/wire';
import { AdminEndpoint, type AdminService } from '../../dist/endpoints/admin/admin-endpoint.js';
import { temporaryFolder } from './endpoint.js';

export class TestAdminEndpoint implements AsyncDisposable {
  readonly #endpoint: AdminEndpoint;
  readonly #folder: string;
  readonly #clients: Client[] = [];

  private constructor(folder: string, endpoint: AdminEndpoint) {
    this.#folder = folder;
    this.#endpoint = endpoint;
  }

  static async start(...services: readonly AdminService[]): Promise<TestAdminEndpoint> {
    const folder = await temporaryFolder();
    const endpoint = new AdminEndpoint({
      clock: systemClock,
      log: silentLogger,
      services,
      socketPath: join(folder, 'admin.sock'),
      procPath: '/proc',
    });
    await endpoint.start();
    return new TestAdminEndpoint(folder, endpoint);
  }

  client<C extends Client>(contract: Contract<unknown, C>, settings: ClientOptions = {}): C {
    const options = { 'grpc.use_local_subchannel_pool': 1, ...settings };
    const client = contract.createClient(
      `unix:${join(this.#folder, 'admin.sock')}`,
      credentials.createInsecure(),
      options,
    );
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#endpoint[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
