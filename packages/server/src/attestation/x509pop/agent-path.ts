// The path of an agent's ID: by the operator's template, of what the node's certificate says.
import { SpiffeId, type TrustDomain } from '@credence/sdk/spiffeid';
import type { Certificate } from '@credence/sdk/x509';
import type { AgentPathTemplate } from '../../domain/agent-path-template.js';
import { refused, x509PopType } from './refusal.js';
import { commonNameOf, evenHex, fingerprintOf, sanSelectorsOf } from './selectors.js';

export interface NodeFacts {
  readonly leaf: Certificate;
  readonly trustDomain: TrustDomain;
  /** What follows the prefix in the path of an X.509-SVID; undefined: the certificate is of another PKI. */
  readonly svidPath: string | undefined;
}

/** @throws `ERR_NODE_PROOF`: a value is missing, or it makes no path */
export function agentPathOf(template: AgentPathTemplate, facts: NodeFacts): string {
  const path = `/spire/agent${template.render((name) => valueOf(name, facts))}`;
  try {
    return SpiffeId.fromPath(facts.trustDomain, path).path;
  } catch (error) {
    throw refused(`the agent path ${JSON.stringify(path)} is none: ${(error as Error).message}`);
  }
}

function valueOf(name: string, { leaf, trustDomain, svidPath }: NodeFacts): string | undefined {
  switch (name) {
    case 'PluginName':
      return x509PopType;
    case 'TrustDomain':
      return trustDomain.name;
    case 'Fingerprint':
      return fingerprintOf(leaf);
    case 'SerialNumberHex':
      return evenHex(leaf.serialNumber);
    case 'SVIDPathTrimmed':
      return svidPath;
    case 'Subject.CommonName':
      return oneSegment(name, commonNameOf(leaf.subject));
    default:
      return oneSegment(name, sanSelector(name.replace('URISanSelectors.', ''), leaf, trustDomain));
  }
}

function sanSelector(wanted: string, leaf: Certificate, trustDomain: TrustDomain): string | undefined {
  const values = sanSelectorsOf(leaf, trustDomain).flatMap(({ key, value }) => (key === wanted ? [value] : []));
  if (values.length > 1) throw refused(`the certificate has several URI SANs for ${wanted}`);
  return values[0];
}

/** A name must not choose where in the tree of paths its agent stands. */
function oneSegment(name: string, value: string | undefined): string | undefined {
  if (value?.includes('/') === true) throw refused(`.${name} has a slash, so that no agent path is made of it`);
  return value;
}
