// How much of the agent its callers may use. The socket is open to every process of the machine: whoever asks, the agent
// keeps descriptors for its own work and serves the others.
import { readFileSync } from 'node:fs';

/** Connections of all users; fewer where the limit of open files is low. A user alone gets two thirds, 5,120. */
export const mostConnections = 7680;

/** Calls of all users at one time, divided in the same way. */
export const mostCalls = 7680;

/** Calls at one time on one connection; gRPC clients let further ones wait, without a word to their users. */
export const mostCallsOnConnection = 1024;

/** Bytes of one request: a token or, with some room, the list of extensions that each Envoy sends of itself (61 KiB). */
export const largestRequest = 128 * 1024;

/** Bytes of names and values in the metadata of one call. */
export const largestMetadata = 8 * 1024;

/** Bytes that one connection may send for requests that are not complete: eight of the largest. */
export const mostUnfinishedBytes = 8 * largestRequest;

/** By when a request must be complete: every gRPC client sends it together with the headers of the call. */
export const requestTimeMs = 10_000;

/** Calls of one connection that may end before their request was complete. HTTP/2 keeps what the caller does not end. */
export const mostIncompleteCalls = 8;

/** Likewise streams of requests of which neither side said that no more come; some clients end each in this way. */
export const mostAbandonedStreams = 32;

/** A connection without a call for so long is closed; gRPC clients connect again when they need it. */
export const longestIdleMs = 60_000;

/** Streams that callers of the same selectors may open in a second, unless the operator says otherwise. */
export const callsPerSecond = 200;

/** As many at a stroke: all streams of a user come again after a restart of the agent, and once more. */
export const callsAtAStroke = 2 * mostCalls;

/** New JWT-SVIDs a second for callers of the same selectors, twice as many at a stroke; from the cache they are free. */
export const newJwtSvidsPerSecond = 100;

/** Requests for new JWT-SVIDs at one time, of callers of the same selectors. */
export const newJwtSvidsAtOnce = 32;

/** How much more of the agent's attention a user gets than one of his processes. */
export const turnsOfUser = 2;

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
