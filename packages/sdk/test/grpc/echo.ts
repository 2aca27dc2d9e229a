// A gRPC service of strings with a method of each kind, its client, and a channel to it over loopback.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import {
  Client,
  Metadata,
  Server,
  type ChannelCredentials,
  type ClientDuplexStream,
  type ClientReadableStream,
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type ServerInterceptor,
  type ServerOptions as GrpcServerOptions,
  type ServiceError,
} from '@grpc/grpc-js';
import { peerOfCall, serveGrpc, type ServeGrpcSettings } from '@credence/sdk/grpc';
import type { ServerOptions } from '@credence/sdk/tls';

const encode = (text: string): Buffer => Buffer.from(text);
const decode = (bytes: Buffer): string => bytes.toString();

function method(name: string, requestStream: boolean, responseStream: boolean): MethodDefinition<string, string> {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: encode,
    requestDeserialize: decode,
    responseSerialize: encode,
    responseDeserialize: decode,
  };
}

export const echo = {
  Say: method('Say', false, false),
  Count: method('Count', false, true),
  Chat: method('Chat', true, true),
};

/** Answers with who calls and what was said; `hold` waits for `release`. */
export class EchoServer {
  readonly server: Server;
  readonly callers: (string | undefined)[] = [];
  readonly #held: (() => void)[] = [];

  constructor(interceptors: readonly ServerInterceptor[] = [], options: GrpcServerOptions = {}) {
    this.server = new Server({ ...options, interceptors: [...interceptors] });
    const say: handleUnaryCall<string, string> = (call, done) => {
      const id = peerOfCall(call)?.id.toString();
      this.callers.push(id);
      const answer = (): void => {
        done(null, `${id ?? 'nobody'} says ${call.request}`);
      };
      if (call.request === 'hold') this.#held.push(answer);
      else answer();
    };
    const count: handleServerStreamingCall<string, string> = (call) => {
      this.callers.push(peerOfCall(call)?.id.toString());
      for (let i = 1; i <= Number(call.request); i++) call.write(String(i));
      call.end();
    };
    const chat: handleBidiStreamingCall<string, string> = (call) => {
      this.callers.push(peerOfCall(call)?.id.toString());
      call.on('data', (text: string) => call.write(`${text}!`)).on('end', () => call.end());
    };
    this.server.addService(echo, { Say: say, Count: count, Chat: chat });
  }

  get heldCalls(): number {
    return this.#held.length;
  }

  release(): void {
    for (const answer of this.#held.splice(0)) answer();
  }
}

export class EchoClient extends Client {
  constructor(target: string, credentials: ChannelCredentials) {
    super(target, credentials, {
      'grpc.initial_reconnect_backoff_ms': 20,
      'grpc.max_reconnect_backoff_ms': 100,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  say(text: string, metadata = new Metadata()): Promise<string> {
    const { path, requestSerialize, responseDeserialize } = echo.Say;
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + 10_000 };
      this.makeUnaryRequest(path, requestSerialize, responseDeserialize, text, metadata, options, (error, answer) => {
        if (error !== null || answer === undefined) reject(error ?? new Error('no answer'));
        else resolve(answer);
      });
    });
  }

  count(to: number): ClientReadableStream<string> {
    const { path, requestSerialize, responseDeserialize } = echo.Count;
    return this.makeServerStreamRequest(path, requestSerialize, responseDeserialize, String(to));
  }

  chat(): ClientDuplexStream<string, string> {
    const { path, requestSerialize, responseDeserialize } = echo.Chat;
    return this.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  }
}

/** One answer of a stream; rejects with the status when it ends instead. */
export async function nextOf(stream: ClientDuplexStream<string, string>): Promise<string> {
  const [answer] = (await once(stream, 'data')) as [string];
  return answer;
}

/** The error that a stream ends with. */
export function endOf(stream: ClientDuplexStream<string, string>): Promise<ServiceError> {
  return new Promise((resolve) =>
    stream
      .once('error', (error: Error) => {
        resolve(error as ServiceError);
      })
      .resume(),
  );
}

export async function serving(
  server: Server,
  options: ServerOptions & ServeGrpcSettings,
): Promise<{ readonly listener: TlsServer; readonly port: number }> {
  const listener = serveGrpc(server, { shutdownGraceMs: 0, ...options });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return { listener, port: (listener.address() as AddressInfo).port };
}
