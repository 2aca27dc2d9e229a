// Two federated trust domains, a client of the one and servers of the other.
import type { Server } from 'node:tls';
import { authorizeAny, JwtBundleSet } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import type { MtlsClientOptions, MtlsServerOptions } from '@credence/sdk/tls';
import { close, listening } from '../tls/loopback.js';

export class World implements AsyncDisposable {
  /** a.test, of `client`. */
  readonly a: TestCa;
  /** b.test, of `tls`. */
  readonly b: TestCa;
  /** Is spiffe://a.test/client. */
  readonly client: MtlsClientOptions;
  /** Is spiffe://b.test/server, and lets everybody connect. */
  readonly tls: MtlsServerOptions;
  readonly #servers: Server[] = [];

  private constructor(a: TestCa, b: TestCa, client: StaticX509Source, server: StaticX509Source) {
    this.a = a;
    this.b = b;
    this.client = { svid: client, bundles: client, authorize: authorizeAny() };
    this.tls = { svid: server, bundles: server, authorize: authorizeAny() };
  }

  static async create(): Promise<World> {
    const [a, b] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test')]);
    const bundles = [a.bundle(), b.bundle()];
    const client = new StaticX509Source(await a.x509Svid('/client'), bundles);
    const server = new StaticX509Source(await b.x509Svid('/server'), bundles);
    return new World(a, b, client, server);
  }

  get jwtBundles(): JwtBundleSet {
    return JwtBundleSet.of(this.a.jwtBundle(), this.b.jwtBundle());
  }

  /** Its port; it ends with this world. */
  async start(made: Server | Promise<Server>): Promise<number> {
    const server = await made;
    this.#servers.push(server);
    return (await listening(server)).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.splice(0).map((server) => close(server)));
  }
}
