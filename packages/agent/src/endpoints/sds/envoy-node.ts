// What an Envoy says about itself, as far as it changes an answer.
import { printable } from '@credence/sdk/daemon';
import type { Node__Output } from '@credence/sdk/wire/gen/envoy/config/core/v3/Node.js';
import type { Value__Output } from '@credence/sdk/wire/gen/google/protobuf/Value.js';

/** How bundles are sent: for Envoy's SPIFFE validator, or as authorities for its plain one. */
export type ValidationMode = 'spiffe' | 'plain';

export interface EnvoyNode {
  /** Printable; for the log. */
  readonly id: string;
  /** Undefined: as the operator of the agent says. */
  readonly disablesSpiffeValidation: boolean | undefined;
  readonly knowsSpiffeValidator: boolean;
}

const longestId = 256;
const metadataKey = 'disable_spiffe_cert_validation';

// As SPIRE reads them.
const truths: ReadonlyMap<string, boolean> = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
]);

/** An Envoy that says nothing about itself. */
export const unknownEnvoy: EnvoyNode = { id: '', disablesSpiffeValidation: undefined, knowsSpiffeValidator: true };

export function readNode(node: Node__Output): EnvoyNode {
  const { fields = {} } = node.metadata ?? {};
  const wish = Object.hasOwn(fields, metadataKey) ? fields[metadataKey] : undefined;
  return {
    id: printable(node.id.slice(0, longestId)),
    disablesSpiffeValidation: wish === undefined ? undefined : truthOf(wish),
    knowsSpiffeValidator: knowsSpiffeValidator(node),
  };
}

export function validationMode(
  { disablesSpiffeValidation, knowsSpiffeValidator }: EnvoyNode,
  disabledByDefault: boolean,
): ValidationMode {
  return (disablesSpiffeValidation ?? disabledByDefault) || !knowsSpiffeValidator ? 'plain' : 'spiffe';
}

function truthOf({ kind, boolValue, stringValue = '' }: Value__Output): boolean | undefined {
  if (kind === 'boolValue') return boolValue;
  return kind === 'stringValue' ? truths.get(stringValue) : undefined;
}

// Its SPIFFE validator came with Envoy 1.18; who does not say its version has it.
function knowsSpiffeValidator({ user_agent_build_version: build }: Node__Output): boolean {
  const version = build?.version;
  if (version === undefined || version === null) return true;
  const { major_number: major, minor_number: minor } = version;
  return major > 1 || (major === 1 && minor >= 18);
}
