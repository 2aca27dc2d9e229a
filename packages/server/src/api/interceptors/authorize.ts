// The gate: a gRPC server interceptor that settles who calls before the first message is read. A call that is refused
// never reaches a handler, and its request is never decoded.
import { ServerInterceptingCall, status, type ServerInterceptor } from '@grpc/grpc-js';
import type { Logger } from '@credence/sdk/runtime';
import { permissionDeniedReason, StatusError } from '@credence/sdk/wire';
import { statusName } from '@credence/sdk/daemon';
import type { Authorizer } from '../authorizer.js';
import type { Admission, Admissions } from '../call.js';
import type { Connections } from '../connections.js';
import { writeRefusal } from './audit.js';
import { toStatus } from './errors.js';
import type { ApiObserver } from '../observer.js';
import type { Intake } from './intake.js';

export interface GateOptions {
  readonly connections: Connections;
  readonly authorizer: Authorizer;
  readonly admissions: Admissions;
  readonly log: Logger;
  readonly observer: Pick<ApiObserver, 'callRefused' | 'agentSeen'>;
  /** Methods that this listener has not. */
  readonly absent: ReadonlySet<string>;
  /** Undefined: callers are trusted with the memory of the server. */
  readonly intake?: Intake;
}

/** Makes the gate. */
export function createGate(options: GateOptions): ServerInterceptor {
  const { admissions, intake } = options;
  return (method, call) => {
    // Read at once: the peer of a call is unknown when its connection has gone.
    const token = call.getPeer();
    const request = intake?.begin(token, () => {
      call.sendStatus(new StatusError(status.DEADLINE_EXCEEDED, 'the request was not complete in time'));
    });
    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            admit(options, method.path, token).then(
              (admission) => {
                admissions.admit(metadata, admission);
                proceed(metadata);
              },
              (error: unknown) => {
                call.sendStatus(toStatus(error));
              },
            );
          },
          onReceiveMessage(message, proceed) {
            if (method.requestStream) request?.begun();
            proceed(message);
          },
          onReceiveHalfClose(proceed) {
            request?.complete();
            proceed();
          },
          onCancel() {
            request?.complete();
          },
        });
      },
    });
  };
}

async function admit(options: GateOptions, method: string, token: string): Promise<Admission> {
  const { connections, authorizer, absent, log, observer } = options;
  const connection = connections.get(token);
  if (connection === undefined) throw new StatusError(status.UNAUTHENTICATED, 'the connection of this call is unknown');
  try {
    if (absent.has(method)) throw new StatusError(status.UNIMPLEMENTED, `${method} is not served here`);
    const caller = await authorizer.authorize(method, connection);
    if (caller.kind === 'agent') observer.agentSeen(caller.agent.id.toString());
    return { connection, caller };
  } catch (error) {
    const refusal = toStatus(error);
    observer.callRefused(permissionDeniedReason(refusal) ?? statusName(refusal.code));
    writeRefusal(log, { method, connection }, { code: refusal.code, message: refusal.details });
    if (refusal.cause !== undefined) log.error({ err: refusal.cause, method }, 'authorization failed');
    throw refusal;
  }
}
