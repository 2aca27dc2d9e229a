// Attestation by X.509 proof of possession: a node holds a certificate of a PKI that the operator trusts, or an
// X.509-SVID of the own trust domain, and proves that it has the key. It attests again whenever it renews.
import type { X509BundleSource } from '@credence/sdk/bundle';
import type { TrustDomain } from '@credence/sdk/spiffeid';
import { verifyX509Svid } from '@credence/sdk/svid';
import type { Certificate } from '@credence/sdk/x509';
import { isSpiffeError, type Clock, type Random } from '@credence/sdk/runtime';
import { verifyCertificate } from '@credence/sdk/svid';
import type { AttestedNode, NodeAttestor } from '../node-attestor.js';
import type { AgentPathTemplate } from '../../domain/agent-path-template.js';
import { agentPathOf } from './agent-path.js';
import { readChain, type ChainLimits, type NodeChain } from './chain.js';
import { decodePayload } from './messages.js';
import { provePossession } from './possession.js';
import { refused, x509PopType } from './refusal.js';
import { selectorsOf } from './selectors.js';
import { twinOf } from './twin.js';

/** Whose certificates are believed. */
export type X509PopTrust =
  /** Of a PKI of the operator's, as it is now. */
  | { readonly mode: 'external_pki'; readonly authorities: () => Promise<readonly Certificate[]> }
  /** X.509-SVIDs of the own trust domain, whose paths start with the prefix; it ends with a slash. */
  | { readonly mode: 'spiffe'; readonly svidPrefix: string; readonly bundles: X509BundleSource };

export interface X509PopOptions extends ChainLimits {
  readonly trustDomain: TrustDomain;
  readonly trust: X509PopTrust;
  readonly agentPath: AgentPathTemplate;
  readonly clock: Clock;
  readonly random: Random;
}

export function createX509PopAttestor(options: X509PopOptions): NodeAttestor {
  const { trustDomain, random } = options;
  return {
    type: x509PopType,
    async attest(payload, challenge): Promise<AttestedNode> {
      const chain = readChain(decodePayload(payload), options);
      const { path, svidPath } = await verifyChain(chain, options);
      const [leaf, issuer = leaf] = path;
      const pathOf = (of: Certificate): string => agentPathOf(options.agentPath, { leaf: of, trustDomain, svidPath });
      const agentPath = pathOf(leaf);
      const twin = twinOf(leaf, issuer);
      const otherPaths = twin === undefined ? [] : [pathOf(twin)].filter((other) => other !== agentPath);
      await provePossession(leaf.publicKey, challenge, random);
      return { agentPath, otherPaths, selectors: selectorsOf(path, trustDomain), canReattest: true };
    },
  };
}

interface VerifiedNode {
  /** Leaf first. */
  readonly path: readonly [Certificate, ...Certificate[]];
  /** Of an X.509-SVID: what follows the prefix. */
  readonly svidPath: string | undefined;
}

async function verifyChain(chain: NodeChain, { trust, trustDomain, clock }: X509PopOptions): Promise<VerifiedNode> {
  const now = clock.now();
  if (trust.mode === 'external_pki') {
    const authorities = await trust.authorities();
    const path = verified(() => verifyCertificate(chain.leaf, { ...chain, authorities, now, profile: 'pkix' }));
    return { path: [chain.leaf, ...path.slice(1)], svidPath: undefined };
  }
  const certificates = [chain.leaf, ...chain.intermediates].map(({ raw }) => raw);
  const { id, leaf, chain: path } = verified(() => verifyX509Svid(certificates, trust.bundles, { now }));
  if (!id.isMemberOf(trustDomain)) throw refused(`${id.toString()} is not of trust domain ${trustDomain.name}`);
  if (!id.path.startsWith(trust.svidPrefix)) throw refused("x509 cert doesn't match SVID prefix");
  return { path: [leaf, ...path.slice(1)], svidPath: id.path.slice(trust.svidPrefix.length) };
}

function verified<T>(verify: () => T): T {
  try {
    return verify();
  } catch (error) {
    if (!isSpiffeError(error)) throw error;
    throw refused('certificate verification failed', error);
  }
}
