// Who calls, as this service's own Envoy wrote it into x-forwarded-client-cert. It holds only for a service that nobody
// but its Envoy can reach: whoever else could connect could write the same.
import { SpiffeId } from '@credence/sdk';

// Exactly what SANITIZE_SET with `uri: true` writes. Envoy does not quote the URI, so anything more may be the caller's.
const written = /^By=[^;,"]+;Hash=[0-9a-f]{64};URI=([^;,"]+)$/;

/** The caller's SPIFFE ID; undefined when the header is not as Envoy writes it. */
export function callerOf(request) {
  const [, uri] = written.exec(request.headers['x-forwarded-client-cert'] ?? '') ?? [];
  return uri !== undefined && SpiffeId.isValid(uri) ? SpiffeId.parse(uri) : undefined;
}
