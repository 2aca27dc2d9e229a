// Who counts what the API does.

/** Told of each fact once, after it. Every text is one of few: none is what a client wrote. */
export interface ApiObserver {
  /** A call that was let in has ended, with the gRPC status of that name. */
  callEnded(call: EndedCall): void;
  /** So has an item of a batch. */
  itemEnded(method: string, code: string): void;
  /** The gate has refused a call: the gRPC status, or why an agent is refused. */
  callRefused(reason: string): void;
  /** A call has exceeded a rate limit: it waited, or it failed. */
  rateLimited(limit: string, outcome: 'delayed' | 'refused'): void;
  /** The agent with this SPIFFE ID has been let in. */
  agentSeen(id: string): void;
}

export interface EndedCall {
  /** Full name, with the leading slash. */
  readonly method: string;
  readonly code: string;
  readonly elapsedMs: number;
}

const nothing = (): void => undefined;

/** Counts nothing. */
export const unobserved: ApiObserver = {
  callEnded: nothing,
  itemEnded: nothing,
  callRefused: nothing,
  rateLimited: nothing,
  agentSeen: nothing,
};
