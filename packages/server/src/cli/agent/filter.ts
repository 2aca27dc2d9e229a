// The flags and the filter of `agent list` and `agent count`.
import { usageError, type Flags, type FlagValues } from '@credence/sdk/daemon';
import type { _spire_api_server_agent_v1_ListAgentsRequest_Filter as Filter } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/ListAgentsRequest.js';
import { matches, selectorMatch } from '../values.js';

const eitherWay = { true: 'true', false: 'false', all: 'all' } as const;

export const agentFilterFlags = {
  selector: { kind: 'list', metavar: 'type:value', help: 'selector of the agents; may be repeated' },
  matchSelectorsOn: { kind: 'choice', choices: matches, default: 'superset', help: 'how selectors match' },
  attestationType: { kind: 'text', metavar: 'type', default: '', help: 'how the agents attested' },
  canReattest: {
    kind: 'choice',
    choices: eitherWay,
    default: 'all',
    help: 'only agents that can, or cannot, attest again',
  },
  banned: { kind: 'choice', choices: eitherWay, default: 'all', help: 'only agents that are, or are not, banned' },
  expiresBefore: {
    kind: 'text',
    metavar: 'instant',
    help: 'only agents whose SVID ends before, such as "2026-01-02 15:04:05 +0000 +00" or 2026-01-02T15:04:05Z',
  },
} as const satisfies Flags;

/** @throws ERR_USAGE */
export function agentFilter(values: FlagValues<typeof agentFilterFlags>): Filter {
  return {
    by_selector_match: selectorMatch(values.selector, values.matchSelectorsOn),
    by_attestation_type: values.attestationType,
    by_can_reattest: eitherOr(values.canReattest),
    by_banned: eitherOr(values.banned),
    by_expires_before: values.expiresBefore === undefined ? '' : parseInstant(values.expiresBefore),
  };
}

function eitherOr(choice: keyof typeof eitherWay): { readonly value: boolean } | null {
  return choice === 'all' ? null : { value: choice === 'true' };
}

const wireLayout = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d) [+-]\d\d$/;
const isoLayout = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/;

// The wire has the instant as text, with its zone twice; a server drops a filter that it cannot read.
function parseInstant(text: string): string {
  const iso = isoLayout.test(text) ? text : text.replace(wireLayout, '$1T$2$3:$4');
  const instant = new Date(isoLayout.test(iso) ? iso : Number.NaN);
  if (Number.isNaN(instant.getTime())) {
    throw usageError(
      `--expires-before is "${text}"; "2026-01-02 15:04:05 +0000 +00" or 2026-01-02T15:04:05Z are accepted`,
    );
  }
  return `${instant.toISOString().slice(0, 19).replace('T', ' ')} +0000 +00`;
}
