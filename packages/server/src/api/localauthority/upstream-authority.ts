// Tainting and revoking an authority above the server's own; refused where there is none.
import { status } from '@grpc/grpc-js';
import { StatusError } from '@credence/sdk/wire';
import type { UpstreamAuthorities } from '../../ca/ports.js';
import type { UnaryHandler } from '../pipeline.js';

export function withdrawUpstreamAuthority(
  upstream: UpstreamAuthorities | undefined,
  withdraw: (authorities: UpstreamAuthorities, subjectKeyId: string) => Promise<string>,
): UnaryHandler<{ readonly subject_key_id: string }, { readonly upstream_authority_subject_key_id: string }> {
  return async ({ subject_key_id: id }, call) => {
    call.audit.add({ subject_key_id: id });
    if (upstream === undefined) {
      throw new StatusError(status.FAILED_PRECONDITION, 'upstream authority is not configured');
    }
    return { upstream_authority_subject_key_id: await withdraw(upstream, id) };
  };
}
