// A warning to whoever asked for a longer life than the signing authority has.
import type { Terminal } from '@credence/sdk/daemon';
import { systemClock } from '@credence/sdk/runtime';

/** `ttl` and `expiresAt` in seconds; a TTL of zero asked for nothing. */
export function warnOfCutLifetime(
  what: string,
  { ttl, expiresAt }: { readonly ttl: number; readonly expiresAt: string },
  terminal: Terminal,
): void {
  const leftMs = Number(expiresAt) * 1000 - systemClock.now().getTime();
  // What the server and this command do takes a while; what is cut off is not a matter of seconds.
  if (leftMs >= (ttl - 10) * 1000) return;
  const instant = new Date(Number(expiresAt) * 1000).toISOString().replace('.000Z', 'Z');
  terminal.err(`${what} lifetime was capped shorter than specified ttl; expires "${instant}"\n`);
}
