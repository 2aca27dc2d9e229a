// How nodes may prove themselves: the keys of `plugins.NodeAttestor`.
import { unknownKeys } from '@credence/sdk/daemon';
import { path } from '@credence/sdk/daemon/config-values';
import { sdkError } from '@credence/sdk/runtime';
import { z } from 'zod';
import { AgentPathTemplate } from '../domain/agent-path-template.js';
import type { NodeAttestorSettings, X509PopSettings } from '../settings.js';

const svidPrefix = z.string().regex(/^\/(?:.*\/)?$/, 'not a prefix of paths; /spire-exchange/ is accepted');
const x509PopShape = {
  mode: z.enum(['external_pki', 'spiffe'], 'not a mode; external_pki or spiffe is accepted').optional(),
  ca_bundle_path: path.optional(),
  ca_bundle_paths: z.array(path).min(1, 'no path; one or more are accepted').optional(),
  svid_prefix: svidPrefix.optional(),
  agent_path_template: z.string().optional(),
  max_intermediates: z.int().min(0).max(8).optional(),
  max_rsa_key_size: z.int().min(2048).max(8192).optional(),
};
const x509PopData = z.strictObject(x509PopShape, unknownKeys(x509PopShape));
const joinTokenShape = { plugin_data: z.strictObject({}, unknownKeys({})).nullish() };
const x509PopPluginShape = { plugin_data: x509PopData };
// A key of YAML with nothing below it is null.
const nodeAttestorShape = {
  join_token: z.strictObject(joinTokenShape, unknownKeys(joinTokenShape)).nullish(),
  x509pop: z.strictObject(x509PopPluginShape, unknownKeys(x509PopPluginShape)).optional(),
};

/** The keys of `plugins.NodeAttestor`. */
export const nodeAttestorSchema = z.strictObject(nodeAttestorShape, unknownKeys(nodeAttestorShape)).optional();

/** What they say; join tokens are always taken. */
export function nodeAttestorsOf(keys: z.output<typeof nodeAttestorSchema>): NodeAttestorSettings {
  const data = keys?.x509pop?.plugin_data;
  return { x509pop: data && x509PopOf(data) };
}

function x509PopOf(data: z.output<typeof x509PopData>): X509PopSettings {
  return {
    trust: data.mode === 'spiffe' ? spiffeTrustOf(data) : externalPkiOf(data),
    agentPath: agentPathOf(data),
    maxIntermediates: data.max_intermediates ?? 4,
    maxRsaKeyBits: data.max_rsa_key_size ?? 8192,
  };
}

function externalPkiOf(data: z.output<typeof x509PopData>): X509PopSettings['trust'] {
  const { ca_bundle_path: one, ca_bundle_paths: many, svid_prefix: prefix } = data;
  if (prefix !== undefined) throw misfit('svid_prefix needs the mode spiffe');
  if ((one === undefined) === (many === undefined)) throw misfit('either ca_bundle_path or ca_bundle_paths is needed');
  return { mode: 'external_pki', caBundlePaths: many ?? (one === undefined ? [] : [one]) };
}

function spiffeTrustOf(data: z.output<typeof x509PopData>): X509PopSettings['trust'] {
  const { ca_bundle_path: one, ca_bundle_paths: many, svid_prefix: svidPrefix = '/spire-exchange/' } = data;
  if (one !== undefined || many !== undefined) throw misfit('the mode spiffe takes no CA bundle: it is our own');
  return { mode: 'spiffe', svidPrefix };
}

const pathValues = [
  'PluginName',
  'TrustDomain',
  'Fingerprint',
  'SerialNumberHex',
  'Subject.CommonName',
  'URISanSelectors.',
];

function agentPathOf({ mode, agent_path_template: given }: z.output<typeof x509PopData>): AgentPathTemplate {
  const isSvid = mode === 'spiffe';
  const text =
    given ?? (isSvid ? '/{{ .PluginName }}/{{ .SVIDPathTrimmed }}' : '/{{ .PluginName }}/{{ .Fingerprint }}');
  try {
    return AgentPathTemplate.parse(text, isSvid ? [...pathValues, 'SVIDPathTrimmed'] : pathValues);
  } catch (error) {
    throw misfit(`agent_path_template: ${(error as Error).message}`);
  }
}

function misfit(problem: string): Error {
  return sdkError('ERR_CONFIG', `plugins.NodeAttestor.x509pop.plugin_data: ${problem}`);
}
