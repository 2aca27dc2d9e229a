// TLS to the server: it is recognised as spiffe://<trust domain>/spire/server by the trust domain's own authorities, and
// by nothing else; its host name does not matter.
import { createSecureContext } from 'node:tls';
import { ChannelCredentials } from '@grpc/grpc-js';
import { X509Bundle, X509BundleSet } from '@credence/sdk/bundle';
import { SpiffeId, type TrustDomain } from '@credence/sdk/spiffeid';
import { X509Svid } from '@credence/sdk/svid';
import { authorizeId, secureContextParts } from '@credence/sdk/tls';
import { Certificate } from '@credence/sdk/x509';
import type { AgentSvid } from '../domain/agent-svid.js';
import type { TrustBundle } from '../domain/workload-identity.js';

/** By what the server is recognised, and what it is shown. */
export interface ConnectionTrust {
  /** The trust domain's own; `anybody`: whoever answers is believed to be the server. */
  readonly bundle: TrustBundle | 'anybody';
  /** Undefined: no client certificate. */
  readonly identity: AgentSvid | undefined;
}

/** @throws the errors of Certificate.parse for an authority that does not parse. */
export function channelCredentials(
  trustDomain: TrustDomain,
  { bundle, identity }: ConnectionTrust,
): ChannelCredentials {
  if (bundle === 'anybody') {
    const context = createSecureContext({ minVersion: 'TLSv1.2' });
    return ChannelCredentials.createFromSecureContext(context, { rejectUnauthorized: false });
  }
  const authorities = bundle.x509Authorities.map(({ certificate }) => Certificate.parse(certificate));
  const { ca, cert, key, checkServerIdentity } = secureContextParts({
    bundles: X509BundleSet.of(X509Bundle.fromCertificates(trustDomain, authorities)),
    authorize: authorizeId(SpiffeId.fromPath(trustDomain, '/spire/server')),
    svid: identity === undefined ? undefined : { getX509Svid: () => toX509Svid(identity) },
  });
  const context = createSecureContext({ ca: [...ca], cert, key, minVersion: 'TLSv1.2' });
  return ChannelCredentials.createFromSecureContext(context, { checkServerIdentity, rejectUnauthorized: true });
}

function toX509Svid({ chain, privateKey }: AgentSvid): X509Svid {
  return X509Svid.parseRaw(Buffer.concat(chain), privateKey);
}
