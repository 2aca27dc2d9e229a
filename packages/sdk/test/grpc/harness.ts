// What every gRPC test starts from: two trust domains that know each other, an echo server in one, a client in the other.
import type { Server as TlsServer } from 'node:tls';
import type { ChannelCredentials, ServerInterceptor } from '@grpc/grpc-js';
import { authorizeAny, type Authorizer } from '@credence/sdk';
import { mtlsChannelCredentials, type ServeGrpcSettings } from '@credence/sdk/grpc';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import type { MtlsClientOptions, MtlsServerOptions, ServerOptions } from '@credence/sdk/tls';
import { EchoClient, EchoServer, serving } from './echo.js';

export class Harness implements AsyncDisposable {
  readonly a: TestCa;
  readonly b: TestCa;
  /** spiffe://a.test/server */
  readonly server: StaticX509Source;
  /** spiffe://b.test/client */
  readonly client: StaticX509Source;
  readonly #clients: EchoClient[] = [];
  readonly #listeners: TlsServer[] = [];

  private constructor(a: TestCa, b: TestCa, server: StaticX509Source, client: StaticX509Source) {
    this.a = a;
    this.b = b;
    this.server = server;
    this.client = client;
  }

  static async create(): Promise<Harness> {
    const [a, b] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test')]);
    const bundles = [a.bundle(), b.bundle()];
    const server = new StaticX509Source(await a.x509Svid('/server'), bundles);
    const client = new StaticX509Source(await b.x509Svid('/client'), bundles);
    return new Harness(a, b, server, client);
  }

  /** Mutual TLS. */
  serve(
    options: Partial<MtlsServerOptions & ServeGrpcSettings> = {},
    ...interceptors: readonly ServerInterceptor[]
  ): Promise<Served> {
    const { server } = this;
    return this.serveAs({ svid: server, bundles: server, authorize: authorizeAny(), ...options }, ...interceptors);
  }

  /** In any mode. */
  async serveAs(
    options: ServerOptions & ServeGrpcSettings,
    ...interceptors: readonly ServerInterceptor[]
  ): Promise<Served> {
    const echo = new EchoServer(interceptors);
    const { listener, port } = await serving(echo.server, options);
    this.#listeners.push(listener);
    return { echo, listener, port };
  }

  mtls(authorize: Authorizer = authorizeAny(), options: Partial<MtlsClientOptions> = {}): ChannelCredentials {
    return mtlsChannelCredentials({ svid: this.client, bundles: this.client, authorize, ...options });
  }

  dial(port: number, credentials: ChannelCredentials = this.mtls(), host = '127.0.0.1'): EchoClient {
    const client = new EchoClient(`${host}:${port}`, credentials);
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all(this.#listeners.map((listener) => listener[Symbol.asyncDispose]()));
  }
}

export interface Served {
  readonly echo: EchoServer;
  readonly listener: TlsServer;
  readonly port: number;
}
