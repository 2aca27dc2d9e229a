// An entry from the flags of a command or from a file, checked.
import { usageError, type FlagValues, type Terminal } from '@credence/sdk/daemon';
import type {
  Entry,
  _spire_api_types_Entry_AdditionalAttributes as EntryAttributes,
} from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import type { SPIFFEID } from '@credence/sdk/wire/gen/spire/api/types/SPIFFEID.js';
import { parseSelector, parseTrustDomain, parseTtl, readYaml, requiredId } from '../values.js';
import type { entryFlags } from './flags.js';

type EntryValues = FlagValues<typeof entryFlags>;

/** The entries that a command line describes, by flags or by `--data`. @throws ERR_USAGE */
export async function entriesOf(
  values: EntryValues & { readonly node?: boolean },
  terminal: Terminal,
): Promise<readonly Entry[]> {
  if (values.data === undefined) return [entryOf(values)];
  const { parseEntryFile } = await import('./entry-file.js');
  return parseEntryFile(await readYaml('--data', values.data, () => terminal.readInput()));
}

function entryOf(values: EntryValues & { readonly node?: boolean }): Entry {
  const spiffeId = requiredId('--spiffe-id', values.spiffeId);
  if (values.selector.length === 0) throw usageError('--selector is required: at least one, such as unix:uid:1000');
  if (values.entryExpiry < 0)
    throw usageError(`--entry-expiry is ${values.entryExpiry}; 0 (never) or seconds since 1970 are accepted`);
  return {
    id: values.entryId ?? '',
    spiffe_id: spiffeId,
    parent_id: parentOf(values, spiffeId.trust_domain),
    selectors: values.selector.map((selector) => parseSelector('--selector', selector)),
    x509_svid_ttl: parseTtl('--x509-svid-ttl', values.x509SvidTtl),
    jwt_svid_ttl: parseTtl('--jwt-svid-ttl', values.jwtSvidTtl),
    federates_with: values.federatesWith.map((name) => parseTrustDomain('--federates-with', name)),
    admin: values.admin,
    store_svid: values.storeSvid,
    downstream: values.downstream,
    expires_at: String(values.entryExpiry),
    dns_names: [...values.dns],
    hint: values.hint,
    ...attributesOf(values),
  };
}

function parentOf(values: EntryValues & { readonly node?: boolean }, trustDomain: string): SPIFFEID {
  if (values.node !== true) return requiredId('--parent-id', values.parentId);
  if (values.parentId !== undefined) throw usageError('--node and --parent-id exclude each other');
  return { trust_domain: trustDomain, path: '/spire/server' };
}

function attributesOf(values: EntryValues): { additional_attributes?: EntryAttributes } {
  const { disableX509SvidPrefetch, jwtSvidIncludeJti } = values;
  if (disableX509SvidPrefetch === undefined && jwtSvidIncludeJti === undefined) return {};
  return {
    additional_attributes: {
      ...(disableX509SvidPrefetch === undefined ? {} : { disable_x509_svid_prefetch: disableX509SvidPrefetch }),
      ...(jwtSvidIncludeJti === undefined ? {} : { jwt_svid_include_jti: jwtSvidIncludeJti }),
    },
  };
}
