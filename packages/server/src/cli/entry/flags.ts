// The flags that describe an entry, and those that filter entries.
import type { Flags } from '@credence/sdk/daemon';
import { matches } from '../values.js';

export const entryFlags = {
  entryId: { kind: 'text', spire: 'entryID', metavar: 'id', help: 'ID of the entry' },
  parentId: { kind: 'text', spire: 'parentID', metavar: 'SPIFFE ID', help: "SPIFFE ID of the entry's parent" },
  spiffeId: { kind: 'text', spire: 'spiffeID', metavar: 'SPIFFE ID', help: 'SPIFFE ID that the entry grants' },
  x509SvidTtl: { kind: 'integer', spire: 'x509SVIDTTL', default: 0, help: 'lifetime of X.509-SVIDs, in seconds' },
  jwtSvidTtl: { kind: 'integer', spire: 'jwtSVIDTTL', default: 0, help: 'lifetime of JWT-SVIDs, in seconds' },
  data: { kind: 'text', metavar: 'path', help: 'YAML or JSON file with entries, or - for standard input' },
  selector: { kind: 'list', metavar: 'type:value', help: 'selector of the workload; may be repeated' },
  federatesWith: { kind: 'list', metavar: 'trust domain', help: 'whose bundle comes along; may be repeated' },
  admin: { kind: 'boolean', default: false, help: 'the identity administers the server' },
  storeSvid: { kind: 'boolean', spire: 'storeSVID', default: false, help: 'agents store the SVID by a plugin' },
  downstream: { kind: 'boolean', default: false, help: 'the identity is that of a downstream server' },
  entryExpiry: { kind: 'integer', default: 0, help: 'when the entry ends, in seconds since 1970; 0 is never' },
  dns: { kind: 'list', metavar: 'name', help: 'DNS name in X.509-SVIDs; may be repeated' },
  hint: { kind: 'text', default: '', help: 'tells identities of one workload apart' },
  disableX509SvidPrefetch: {
    kind: 'boolean',
    spire: 'disableX509SVIDPrefetch',
    help: 'agents fetch the X.509-SVID when it is asked for',
  },
  jwtSvidIncludeJti: { kind: 'boolean', spire: 'jwtSVIDIncludeJTI', help: 'JWT-SVIDs carry the claim jti' },
} as const satisfies Flags;

export const entryFilterFlags = {
  parentId: { kind: 'text', spire: 'parentID', metavar: 'SPIFFE ID', help: 'parent of the entries' },
  spiffeId: { kind: 'text', spire: 'spiffeID', metavar: 'SPIFFE ID', help: 'SPIFFE ID of the entries' },
  selector: { kind: 'list', metavar: 'type:value', help: 'selector of the entries; may be repeated' },
  federatesWith: { kind: 'list', metavar: 'trust domain', help: 'federated trust domain; may be repeated' },
  matchSelectorsOn: { kind: 'choice', choices: matches, default: 'superset', help: 'how selectors match' },
  matchFederatesWithOn: { kind: 'choice', choices: matches, default: 'superset', help: 'how trust domains match' },
  downstream: { kind: 'boolean', default: false, help: 'only entries of downstream servers' },
  hint: { kind: 'text', default: '', help: 'hint of the entries' },
} as const satisfies Flags;
