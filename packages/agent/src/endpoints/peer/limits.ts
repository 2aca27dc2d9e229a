// How much of the agent its callers may use. The socket is open to every process of the machine: whoever asks, the agent
// keeps descriptors for its own work and serves the others.
import { readFileSync } from 'node:fs';

/** Connections of all users; fewer where the limit of open files is low. A user alone gets two thirds, 2,048. */
export const mostConnections = 3072;

/** Calls of all users at one time, divided in the same way. */
export const mostCalls = 3072;

/** Calls at one time on one connection; gRPC clients let further ones wait, without a word to their users. */
export const mostCallsOnConnection = 1024;

/** Bytes of one request; those of the Workload API hold a token at most. */
export const largestRequest = 32 * 1024;

/** Bytes of names and values in the metadata of one call. */
export const largestMetadata = 8 * 1024;

/** By when a request must be complete: every gRPC client sends it together with the headers of the call. */
export const requestTimeMs = 10_000;

/** Calls of one connection that may end before their request was complete. HTTP/2 keeps what the caller does not end. */
export const mostIncompleteCalls = 8;

/** A connection without a call for so long is closed; gRPC clients connect again when they need it. */
export const longestIdleMs = 60_000;

/** New JWT-SVIDs a second for callers of the same selectors, twice as many at a stroke; from the cache they are free. */
export const newJwtSvidsPerSecond = 100;

/** Requests for new JWT-SVIDs at one time, of callers of the same selectors. */
export const newJwtSvidsAtOnce = 32;

const ownDescriptors = 256;
// The socket and the pidfd of its process.
const descriptorsPerConnection = 2;

/** How many connections this process may have, by its limit of open files (RLIMIT_NOFILE, getrlimit(2)). */
export function connectionLimit(procPath: string): number {
  return connectionsWithin(readFileSync(`${procPath}/self/limits`, 'latin1'));
}

/** As {@link connectionLimit}, from the text of proc_pid_limits(5). */
export function connectionsWithin(limits: string): number {
  const soft = /^Max open files +(\d+)/m.exec(limits)?.[1];
  if (soft === undefined) return mostConnections; // unlimited
  const affordable = Math.floor((Number(soft) - ownDescriptors) / descriptorsPerConnection);
  return Math.min(mostConnections, Math.max(affordable, 16));
}
