// The TLS context of one moment: what we show, whom OpenSSL trusts, and the settings that Node forgets whenever a context
// is replaced, so that all of them are given every time.
import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { X509Bundle } from '../bundle/index.js';
import type { Logger } from '../runtime/index.js';
import type { X509Svid, X509SvidSource } from '../svid/index.js';
import type { Certificate } from '../x509/index.js';
import type { Authorizer } from './authorizer.js';
import { constrainedCa } from './constrained-anchors.js';
import type { MtlsWebClientOptions, TrustedBundles, WebCertificate } from './options.js';

/** The options of every mode, each of which lacks some. */
export interface ContextSources {
  readonly svid?: X509SvidSource | undefined;
  readonly webCertificate?: WebCertificate;
  readonly bundles?: TrustedBundles;
  readonly authorize?: Authorizer;
  readonly webRoots?: MtlsWebClientOptions['webRoots'];
  readonly logger?: Logger | undefined;
  readonly base?: SecureContextOptions | undefined;
}

/** Context options for this moment; `ca` is never empty. Throws what the sources throw. */
export function secureContextOptions(sources: ContextSources): SecureContextOptions {
  return contextOptions(sources, authorities(sources));
}

/** The same as a context, built once for each SVID and set of authorities. */
export function secureContext(sources: ContextSources): SecureContext {
  const { svid, base } = sources;
  const ca = authorities(sources);
  const known = contexts.get(ca);
  const leaf = svid?.getX509Svid();
  if (known !== undefined && known.svid === leaf && known.base === base) return known.context;
  const context = createSecureContext(contextOptions(sources, ca));
  contexts.set(ca, { svid: leaf, base, context });
  return context;
}

/** A context under which no handshake succeeds: without a certificate and without authorities. */
export function refusingContextOptions(): SecureContextOptions {
  return { ca: [...constrainedCa([])], minVersion: 'TLSv1.3', secureOptions };
}

/** PEM as Node takes it. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

/** What we show; undefined when that is nothing. Throws what the source throws. */
export function credentials({ svid, webCertificate, bundles }: ContextSources): Credentials | undefined {
  if (webCertificate !== undefined) return { cert: webCertificate.cert, key: webCertificate.key };
  return svid === undefined ? undefined : svidCredentials(svid.getX509Svid(), bundles?.bundles ?? []);
}

/**
 * Whom OpenSSL trusts, PEM: the constrained authorities of the trust domains that the authorizer can ever accept, roots of
 * the Web PKI, or nobody. Throws as the sources.
 */
export function authorities(sources: ContextSources): readonly string[] {
  const { svid, bundles, authorize, webRoots, logger } = sources;
  if (webRoots !== undefined) return webRoots === 'default' ? rootsOfNode : webRoots;
  if (bundles === undefined || authorize === undefined) return constrainedCa([]);
  return constrainedCa(acceptable(bundles.bundles, authorize), { own: svid?.getX509Svid().id.trustDomain, logger });
}

// Resumption would skip the chain check, renegotiation could change a peer after it.
const secureOptions = constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION;

// Stands for them: Node takes its own roots where no others are given.
const rootsOfNode: readonly string[] = [];

interface Known {
  readonly svid: X509Svid | undefined;
  readonly base: SecureContextOptions | undefined;
  readonly context: SecureContext;
}

const contexts = new WeakMap<readonly string[], Known>();

function contextOptions(sources: ContextSources, ca: readonly string[]): SecureContextOptions {
  const { base = {} } = sources;
  return {
    minVersion: 'TLSv1.2',
    ...base,
    ...(ca === rootsOfNode ? {} : { ca: [...ca] }),
    ...credentials(sources),
    secureOptions: (base.secureOptions ?? 0) | secureOptions,
  };
}

// To a leaf without intermediates its authority is added: OpenSSL completes a lone leaf from the list of trusted
// certificates, and would send peers our constrained ones.
function svidCredentials(svid: X509Svid, bundles: readonly X509Bundle[]): Credentials {
  const isAlone = svid.certificates.length === 1;
  const own = bundles.find(({ trustDomain }) => trustDomain.equals(svid.id.trustDomain));
  const issuer = isAlone ? own?.authorities.find(isIssuerOf(svid.leaf)) : undefined;
  return { cert: svid.certChainPem() + (issuer?.toPem() ?? ''), key: svid.privateKeyPem() };
}

// By name and key identifier, as OpenSSL looks for it.
function isIssuerOf({ issuer, authorityKeyId }: Certificate): (authority: Certificate) => boolean {
  return ({ subject, subjectKeyId }) =>
    subject.equals(issuer) && (!authorityKeyId || !subjectKeyId || subjectKeyId.equals(authorityKeyId));
}

function acceptable(bundles: readonly X509Bundle[], { trustDomains }: Authorizer): readonly X509Bundle[] {
  if (trustDomains === undefined) return bundles;
  const names = new Set(trustDomains.map(({ name }) => name));
  return bundles.filter((bundle) => names.has(bundle.trustDomain.name));
}
