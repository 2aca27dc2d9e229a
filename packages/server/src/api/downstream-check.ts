// The check of a downstream server again, for a call that had to wait.
import { status } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import type { CallerGrants } from '../registration/ports.js';
import { deniedText } from './agent-check.js';
import type { Call } from './call.js';

/**
 * Nothing is signed or published once the deletion of the last downstream entry has been answered.
 *
 * @throws StatusError PERMISSION_DENIED
 */
export function recheckDownstream(
  { method, caller }: Pick<Call, 'method' | 'caller'>,
  { grants }: { readonly grants: Pick<CallerGrants, 'downstreamEntries'> },
): void {
  if (caller.kind !== 'downstream') throw new TypeError(`${method} was called by another than a downstream server`);
  if (grants.downstreamEntries(caller.id).length > 0) return;
  throw new StatusError(status.PERMISSION_DENIED, deniedText(method));
}
