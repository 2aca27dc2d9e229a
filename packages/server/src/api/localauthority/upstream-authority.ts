// Tainting and revoking an upstream authority: refused where there is none; where there is one, its roots leave the bundle
// only by their expiry.
import { status } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import type { LocalAuthority } from '../../ca/ports.js';
import type { UnaryHandler } from '../pipeline.js';

export function withdrawUpstreamAuthority(
  x509: () => LocalAuthority,
): UnaryHandler<{ readonly subject_key_id: string }, never> {
  return ({ subject_key_id: id }, call) => {
    call.audit.add({ subject_key_id: id });
    const { active } = x509().state();
    if (active.upstreamId === undefined) {
      throw new StatusError(status.FAILED_PRECONDITION, 'upstream authority is not configured');
    }
    throw new StatusError(status.UNIMPLEMENTED, 'upstream authorities cannot be tainted or revoked yet');
  };
}
