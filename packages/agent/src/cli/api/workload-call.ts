// What calls of the Workload API have in common.
import { Metadata } from '@grpc/grpc-js';
import { usageError, type Flags } from '@credence/sdk/daemon';
import { parseDuration } from '@credence/sdk/runtime';

export const timeoutFlags = {
  timeout: { kind: 'text', metavar: 'duration', default: '5s', help: 'how long to wait for an answer' },
} as const satisfies Flags;

/** From the text of --timeout. @throws ERR_USAGE */
export function deadlineAfter(timeout: string): Date {
  const milliseconds = parseDuration(timeout);
  if (milliseconds !== undefined && milliseconds > 0) return new Date(Date.now() + milliseconds);
  throw usageError(`--timeout is "${timeout}"; a positive duration such as 5s is accepted`);
}

/** SPIFFE Workload Endpoint §3: without it every call is refused. */
export function workloadMetadata(): Metadata {
  const metadata = new Metadata();
  metadata.set('workload.spiffe.io', 'true');
  return metadata;
}
