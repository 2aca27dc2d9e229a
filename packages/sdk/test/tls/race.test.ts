import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2';
import { connect as connectTls, type Server, type TLSSocket } from 'node:tls';
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { authorizeAny, authorizeId } from '@credence/sdk';
import { serveGrpc } from '@credence/sdk/grpc';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import {
  createHttp2Server,
  createHttpsServer,
  createServer,
  mtlsClientOptions,
  type MtlsServerOptions,
} from '@credence/sdk/tls';
import { WebSocketServer } from 'ws';
import { EchoServer } from '../grpc/echo.js';
import { close, listening } from './loopback.js';

const attempts = 500;
const atOnce = 8;
const upgrade =
  'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const request = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

/** What the application behind a server has seen. */
interface Seen {
  count: number;
}

interface Protocol {
  readonly name: string;
  readonly alpn?: string;
  /** Sent together with the last message of the handshake: bytes, or a request of HTTP/2. */
  readonly first: string | { readonly headers: OutgoingHttpHeaders; readonly body: string };
  readonly serve: (options: MtlsServerOptions, seen: Seen) => Server;
}

const protocols: readonly Protocol[] = [
  {
    name: 'https',
    first: request,
    serve: (options, seen) =>
      createHttpsServer(options, (_request, response) => {
        seen.count++;
        response.end('served');
      }),
  },
  {
    name: 'http2',
    alpn: 'h2',
    first: { headers: { ':path': '/' }, body: '' },
    serve: (options, seen) =>
      createHttp2Server(options, (_request, response) => {
        seen.count++;
        response.end('served');
      }),
  },
  {
    name: 'HTTP/1.1 on http2',
    alpn: 'http/1.1',
    first: request,
    serve: (options, seen) =>
      createHttp2Server({ ...options, base: { allowHTTP1: true } }, (_request, response) => {
        seen.count++;
        response.end('served');
      }),
  },
  {
    name: 'gRPC',
    alpn: 'h2',
    first: {
      headers: {
        ...{ ':method': 'POST', ':path': '/test.Echo/Say' },
        ...{ 'content-type': 'application/grpc', te: 'trailers' },
      },
      body: '\0\0\0\0\x05hello',
    },
    serve: (options, seen) => {
      const count: ServerInterceptor = (_method, call) =>
        new ServerInterceptingCall(call, {
          start(next) {
            next({
              onReceiveMetadata(metadata, proceed) {
                seen.count++;
                proceed(metadata);
              },
            });
          },
        });
      return serveGrpc(new EchoServer([count]).server, { ...options, shutdownGraceMs: 0 });
    },
  },
  {
    name: 'ws',
    first: upgrade,
    serve: (options, seen) => {
      const server = createHttpsServer(options);
      new WebSocketServer({ server }).on('connection', (socket) => {
        seen.count++;
        socket.terminate();
      });
      return server;
    },
  },
  {
    name: 'raw TLS',
    first: 'hello',
    serve: (options, seen) =>
      createServer(options, (socket) => {
        seen.count++;
        socket
          .on('error', () => undefined)
          .resume()
          .end('served');
      }),
  },
];

// Each client has a valid X.509-SVID that is not authorized, so that OpenSSL lets it in and only our check refuses it.
describe(`${attempts} clients that send a request along with their handshake, none of them authorized`, function () {
  this.timeout(60_000);
  let a: TestCa;
  let own: StaticX509Source;
  let client: StaticX509Source;
  let server: Server | undefined;

  before(async () => {
    a = await TestCa.create('a.test');
    own = new StaticX509Source(await a.x509Svid('/server'), [a.bundle()]);
    client = new StaticX509Source(await a.x509Svid('/evil'), [a.bundle()]);
  });
  afterEach(async () => {
    if (server !== undefined) await close(server);
  });

  for (const { name, alpn, first, serve } of protocols) {
    const attempt = async (port: number): Promise<void> => {
      const options = { svid: client, bundles: client, authorize: authorizeAny() };
      const base = alpn === undefined ? {} : { ALPNProtocols: [alpn] };
      const socket = connectTls({ host: '127.0.0.1', port, ...mtlsClientOptions({ ...options, base }) });
      const closed = once(socket.on('error', () => undefined), 'close'); // prettier-ignore
      if (typeof first === 'string') socket.write(first);
      else askHttp2(socket, first);
      socket.resume();
      await closed;
    };

    it(`reach the application behind ${name} never, and always when they are authorized`, async () => {
      for (const [authorized, expected] of [
        [true, atOnce],
        [false, 0],
      ] as const) {
        const seen: Seen = { count: 0 };
        const authorize = authorizeId(`spiffe://a.test/${authorized ? 'evil' : 'good'}`);
        server = serve({ svid: own, bundles: own, authorize }, seen);
        const { port } = await listening(server);
        const rounds = authorized ? 1 : Math.ceil(attempts / atOnce);
        for (let round = 0; round < rounds; round++) {
          await Promise.all(Array.from({ length: atOnce }, () => attempt(port)));
        }
        assert.equal(seen.count, expected);
        await close(server);
        server = undefined;
      }
    });
  }
});

// The session writes its preface and the request as soon as there is a socket.
function askHttp2(socket: TLSSocket, { headers, body }: Exclude<Protocol['first'], string>): void {
  const session = connectHttp2('https://server', { createConnection: () => socket });
  session.on('error', () => undefined);
  const stream = session.request(headers, { endStream: body === '' });
  stream.on('error', () => undefined).resume();
  if (body !== '') stream.end(body);
  stream.once('close', () => {
    session.close();
  });
}
