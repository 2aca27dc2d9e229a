// Everything that decides how a server behaves. The CLI parses configuration into this once; after that nothing is
// optional that the server would have to guess.
import type { SpiffeId, TrustDomain } from '@credence/sdk';
import type { KeyType } from '@credence/sdk/keys';

export interface ServerSettings {
  /** The trust domain that this server is authoritative for. */
  readonly trustDomain: TrustDomain;
  /**
   * Holds `datastore.sqlite3` and `keys.json`; made with mode 0700 when missing. Whoever runs a server has the
   * directory to itself (`lockDataDirectory` of `@credence/sdk/daemon`).
   */
  readonly dataDir: string;
  /** Where the TLS listener binds: an IP address or host name. */
  readonly bindAddress: string;
  /** The TLS listener's port; zero lets the system choose. */
  readonly bindPort: number;
  /** The admin Unix socket; its directory is made with mode 0750 when missing. */
  readonly socketPath: string;
  /** How long an X.509 authority lives. */
  readonly caTtlMs: number;
  /** The key type of authorities and of the server's own X.509-SVID. */
  readonly caKeyType: KeyType;
  /** The subject of authorities, below their serial number; absent: C=US, O=SPIFFE. */
  readonly caSubject?: CaSubject | undefined;
  /** The lifetime of X.509-SVIDs whose entry sets none, and of the server's own. */
  readonly defaultX509SvidTtlSeconds: number;
  /** The lifetime of agent SVIDs. */
  readonly agentTtlSeconds: number;
  /** Callers that are administrators without an entry; may be of foreign trust domains. */
  readonly adminIds: readonly SpiffeId[];
  readonly rateLimit: RateLimitSettings;
}

export interface CaSubject {
  readonly country: readonly string[];
  readonly organization: readonly string[];
  /** Empty: none. */
  readonly commonName: string;
}

/** Limits on TLS callers, by address; the admin socket has none. */
export interface RateLimitSettings {
  /** One AttestAgent a second. */
  readonly attestation: boolean;
  /** 500 X.509-SVIDs a second. */
  readonly signing: boolean;
}
