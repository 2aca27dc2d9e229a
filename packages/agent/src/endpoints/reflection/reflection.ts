// grpc.reflection on the Workload API's socket (SPIFFE Workload Endpoint §7): which services are offered there.
import { EventEmitter } from 'node:events';
import {
  status,
  type handleBidiStreamingCall,
  type ServerDuplexStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { statusOf } from '../status-of.js';
import { fileDescriptors } from './file-descriptors.js';

/** The service in one of its versions. */
export interface ReflectionVersion {
  readonly definition: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
}

interface Request {
  readonly messageRequest?: string;
  readonly fileContainingSymbol?: string;
}

/** What is looked at of an answer. */
interface Answer {
  readonly originalRequest?: Request;
  readonly errorResponse?: { readonly errorCode: number };
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
}

type Handler = handleBidiStreamingCall<Request, Answer>;

/** The reflection service in both of its versions, which tell of `definitions` and of themselves. */
export function reflectionVersions(definitions: readonly ServiceDefinition[]): readonly ReflectionVersion[] {
  const versions = versionsFor([]).map(({ definition }) => definition);
  let full: readonly LibraryVersion[] | undefined;
  return versions.map((definition, index) => ({
    definition,
    handlers: {
      // Descriptors take megabytes, and hardly anybody asks.
      ServerReflectionInfo: (call: ServerDuplexStream<Request, Answer>) => {
        full ??= versionsFor([...definitions, ...versions]);
        const version = full[index];
        if (version !== undefined) inTurn(call, version.handler);
      },
    },
  }));
}

interface LibraryVersion {
  readonly definition: ServiceDefinition;
  readonly handler: Handler;
}

function versionsFor(definitions: readonly ServiceDefinition[]): readonly LibraryVersion[] {
  const versions: LibraryVersion[] = [];
  const fileDescriptorProtos = [...fileDescriptors(definitions)];
  const all = { format: 'Protocol Buffer 3 DescriptorProto', type: {}, fileDescriptorProtos } as const;
  new ReflectionService({ all }).addToServer({
    addService: (definition, { ServerReflectionInfo: handler }) => {
      versions.push({ definition, handler: handler as Handler });
    },
  });
  return versions;
}

// The library answers whatever comes, however much of it is unread: here the next request waits until the last answer
// has left.
function inTurn(call: ServerDuplexStream<Request, Answer>, handler: Handler): void {
  const ask = asker(handler);
  const serve = async (): Promise<void> => {
    // Destroyed with its last request, the call would never end.
    for await (const request of call.iterator({ destroyOnReturn: false }) as AsyncIterable<Request>) {
      const answer = answerTo(request, ask);
      await new Promise<void>((resolve) => {
        call.write(answer, () => {
          resolve();
        });
      });
    }
    call.end();
  };
  serve().catch((error: unknown) => {
    // There is nobody left to tell.
    if (!call.cancelled) call.emit('error', statusOf(error));
  });
}

/** One request, one answer, at once. */
function asker(handler: Handler): (request: Request) => Answer {
  let answer: Answer = {};
  const stream = Object.assign(new EventEmitter(), {
    write: (message: Answer) => {
      answer = message;
    },
  });
  // It listens to 'data' and writes; there is nothing else it could do.
  handler(stream as unknown as ServerDuplexStream<Request, Answer>);
  return (request) => {
    stream.emit('data', request);
    return answer;
  };
}

// What is in no package has a name that begins with a dot for the library, and for nobody else.
function answerTo(request: Request, ask: (request: Request) => Answer): Answer {
  const answer = ask(request);
  const { listServicesResponse: list, errorResponse: error } = answer;
  if (list !== undefined) {
    const service = list.service.map(({ name }) => ({ name: name.replace(/^\./, '') }));
    return { ...answer, listServicesResponse: { service } };
  }
  const { fileContainingSymbol: symbol } = request;
  if (symbol === undefined || error?.errorCode !== status.NOT_FOUND) return answer;
  const found = ask({ ...request, fileContainingSymbol: `.${symbol}` });
  return found.errorResponse === undefined ? { ...found, originalRequest: request } : answer;
}
