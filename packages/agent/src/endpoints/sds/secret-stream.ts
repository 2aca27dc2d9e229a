// What both streams have in common: the caller is attested once, when the stream opens; then whatever it asks and whatever
// changes is taken in at once, and is answered when the last answer has left. A client that does not read delays nobody
// but itself, and one message waits for it at most.
import { status, type handleBidiStreamingCall, type ServerDuplexStream } from '@grpc/grpc-js';
import { joinSignals, Latest, type Logger } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import type { WorkloadSnapshot } from '../../domain/workload-identity.js';
import { statusOf } from '../status-of.js';
import { send } from '../stream-answer.js';
import { cancellationOf, checkAlive, serveCaller, type Caller } from '../workload/serve-caller.js';
import type { SdsOptions } from './sds-ports.js';

/** One stream: what was asked, and what is to be said. It holds a bounded amount, whatever the client does. */
export interface SecretSession<Request, Response> {
  /** @throws StatusError, which ends the stream */
  receive(request: Request): void;
  /** What the client has to be told now, which then counts as told; undefined: nothing. @throws StatusError */
  answer(snapshot: WorkloadSnapshot): Response | undefined;
}

interface State {
  /** Undefined: an SVID of the caller is still being made. */
  readonly snapshot: WorkloadSnapshot | undefined;
  /** Whether the client will ask no more. */
  readonly closed: boolean;
}

export function secretStream<Request, Response>(
  options: SdsOptions,
  createSession: (log: Logger) => SecretSession<Request, Response>,
): handleBidiStreamingCall<Request, Response> {
  return (call) => {
    const signal = cancellationOf(call);
    serveCaller(call, options, signal, (caller) => serve(call, options, createSession(caller.log), caller)).then(
      () => {
        call.end();
      },
      (error: unknown) => {
        // There is nobody left to tell.
        if (!signal.aborted) call.emit('error', statusOf(error));
      },
    );
  };
}

async function serve<Request, Response>(
  call: ServerDuplexStream<Request, Response>,
  { attestation, snapshots, limits }: SdsOptions,
  session: SecretSession<Request, Response>,
  { peer, signal: ended }: Caller,
): Promise<void> {
  using work = joinSignals(ended);
  const { signal } = work;
  const state = new Latest<State>({ snapshot: undefined, closed: false });
  const listen = async (): Promise<never> => {
    // A request that was taken in is one more reason to look what is to be said.
    for await (const request of call.iterator({ destroyOnReturn: false }) as AsyncIterable<Request>) {
      session.receive(request);
      state.set(state.value);
    }
    state.set({ ...state.value, closed: true });
    return new Promise<never>(() => undefined);
  };
  const follow = async (): Promise<never> => {
    const selectors = await attestation.attest(peer, signal);
    limits.check('streamSecrets', peer, selectors);
    for await (const snapshot of snapshots.watch(selectors, signal)) state.set({ ...state.value, snapshot });
    signal.throwIfAborted();
    throw new StatusError(status.UNAVAILABLE, 'the agent is stopping');
  };
  const answer = async (): Promise<void> => {
    for await (const { snapshot, closed } of state.watch({ signal })) {
      if (snapshot === undefined) continue;
      checkAlive(peer);
      const message = session.answer(snapshot);
      if (message !== undefined) await send(call, message, signal);
      if (closed) return;
    }
  };
  try {
    await Promise.race([listen(), follow(), answer()]);
  } finally {
    work.abort(); // whatever ended it, no more is to be said
  }
}
