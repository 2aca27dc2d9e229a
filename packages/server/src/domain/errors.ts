// Every code that an error inside the server carries. api/ maps each to a gRPC status; nothing else leaves the process.
import { SpiffeError, type SpiffeErrorOptions } from '@credence/sdk/runtime';

interface Row {
  readonly meaning: string;
}

export const serverErrors = {
  ERR_INVALID_ARGUMENT: { meaning: 'a field of a request breaks a rule' },
  ERR_ENTRY_NOT_FOUND: { meaning: 'no registration entry has the ID' },
  ERR_ENTRY_EXISTS: { meaning: 'the entry ID, or a selector within the entry, is already there' },
  ERR_AGENT_NOT_FOUND: { meaning: 'no attested agent has the SPIFFE ID' },
  ERR_AGENT_BANNED: { meaning: 'the agent is banned' },
  ERR_TOKEN_EXISTS: { meaning: 'the join token is already there' },
  ERR_TOKEN_UNKNOWN: { meaning: 'the join token does not exist or has been used' },
  ERR_TOKEN_EXPIRED: { meaning: 'the join token has expired' },
  ERR_BUNDLE_NOT_FOUND: { meaning: 'no bundle is stored for the trust domain' },
  ERR_BUNDLE_EXISTS: { meaning: 'a bundle is already stored for the trust domain' },
  ERR_BUNDLE_IN_USE: { meaning: 'registration entries federate with the bundle' },
  ERR_RELATIONSHIP_NOT_FOUND: { meaning: 'there is no federation relationship with the trust domain' },
  ERR_RELATIONSHIP_EXISTS: { meaning: 'a federation relationship with the trust domain is already there' },
  ERR_FEDERATION_FETCH: { meaning: 'the bundle of a federated trust domain could not be fetched or is not taken' },
  ERR_CSR: { meaning: 'a certificate signing request is malformed, weak, or not signed by its key' },
  ERR_ATTESTOR_UNKNOWN: { meaning: 'no node attestor has the type' },
  ERR_NODE_PROOF: { meaning: 'a node did not prove what it is' },
  ERR_KEYS: { meaning: 'the signing keys cannot be read or kept' },
  ERR_PROFILE: { meaning: 'what was about to be signed breaks its profile' },
  ERR_AUTHORITY_STATE: { meaning: 'an authority is not in the state that is needed to activate, taint or revoke it' },
  ERR_UPSTREAM: { meaning: 'the upstream authority cannot be used, or alone can do this' },
  ERR_NOT_READY: { meaning: 'the server has no active authority yet' },
  ERR_DATASTORE: { meaning: 'the datastore failed' },
  ERR_DATASTORE_FULL: { meaning: 'the datastore cannot be written: its disk is full, or a file may not grow' },
  ERR_DATASTORE_LOCKED: { meaning: 'the datastore cannot be written: another process holds its lock' },
  ERR_DATASTORE_UNUSABLE: { meaning: 'the database is damaged, foreign or of a newer version' },
} as const satisfies Record<string, Row>;

export type ServerErrorCode = keyof typeof serverErrors;

/** Makes an error of the server. */
export function serverError(
  code: ServerErrorCode,
  message: string,
  options?: SpiffeErrorOptions,
): SpiffeError<ServerErrorCode> {
  return new SpiffeError(code, message, options);
}
