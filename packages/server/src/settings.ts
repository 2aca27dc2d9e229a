// Everything that decides how a server behaves. The CLI parses configuration into this once; after that nothing is
// optional that the server would have to guess.
import type { SpiffeId, TrustDomain } from '@credence/sdk';
import type { HealthCheckSettings, HttpPlace } from '@credence/sdk/daemon/monitoring';
import type { KeyType } from '@credence/sdk/keys';
import type { AgentPathTemplate } from './domain/agent-path-template.js';
import type { FederationRelationship } from './domain/federation-relationship.js';

export interface ServerSettings {
  /** The trust domain that this server is authoritative for. */
  readonly trustDomain: TrustDomain;
  /**
   * Holds `datastore.sqlite3`; made with mode 0700 when missing. Whoever runs a server has the
   * directory to itself (`lockDataDirectory` of `@credence/sdk/daemon`).
   */
  readonly dataDir: string;
  /** Where the TLS listener binds: an IP address or host name. */
  readonly bindAddress: string;
  /** The TLS listener's port; zero lets the system choose. */
  readonly bindPort: number;
  /** The admin Unix socket; its directory is made with mode 0750 when missing. */
  readonly socketPath: string;
  /** Where the keys of the authorities are kept. */
  readonly keyManager: KeyManagerSettings;
  /** How nodes may prove themselves, besides join tokens. */
  readonly nodeAttestors: NodeAttestorSettings;
  /** What our X.509 authorities are intermediates of; undefined: they are self-signed. */
  readonly upstreamAuthority: UpstreamAuthoritySettings | undefined;
  /** How long an authority lives, X.509 or JWT. */
  readonly caTtlMs: number;
  /** The key type of X.509 authorities and of the server's own X.509-SVID. */
  readonly caKeyType: KeyType;
  /** The key type of JWT authorities. */
  readonly jwtKeyType: KeyType;
  /** The subject of X.509 authorities, below their serial number; absent: C=US, O=SPIFFE. */
  readonly caSubject?: CaSubject | undefined;
  /** The lifetime of X.509-SVIDs whose entry sets none, and of the server's own. */
  readonly defaultX509SvidTtlSeconds: number;
  /** The lifetime of JWT-SVIDs whose entry sets none. */
  readonly defaultJwtSvidTtlSeconds: number;
  /** The issuer that JWT-SVIDs name; absent: none. */
  readonly jwtIssuer?: string | undefined;
  /** Whether there are neither JWT-SVIDs nor JWT authorities. */
  readonly disableJwtSvids: boolean;
  /** The lifetime of agent SVIDs. */
  readonly agentTtlSeconds: number;
  /** Which agents are given up; undefined: none. */
  readonly agentPruning: AgentPruningSettings | undefined;
  /** Callers that are administrators without an entry; may be of foreign trust domains. */
  readonly adminIds: readonly SpiffeId[];
  readonly rateLimit: RateLimitSettings;
  /** Where metrics are served; undefined: nothing is counted. */
  readonly metrics?: HttpPlace | undefined;
  /** Where monitors ask whether the server lives and is ready; undefined: nowhere. */
  readonly healthChecks?: HealthCheckSettings | undefined;
  readonly federation: FederationSettings;
}

/** Keys in a file, or for as long as the process lives: then every start makes new authorities. */
export type KeyManagerSettings = { readonly kind: 'disk'; readonly path: string } | { readonly kind: 'memory' };

export interface AgentPruningSettings {
  /** How long ago their SVIDs have expired. */
  readonly expiredForMs: number;
  /** Also those that cannot attest again. */
  readonly includeTofu: boolean;
  /** How many in one transaction. */
  readonly batchSize: number;
}

export interface NodeAttestorSettings {
  readonly x509pop: X509PopSettings | undefined;
}

/** Nodes that hold a certificate and its key. */
export interface X509PopSettings {
  readonly trust:
    /** Files of PEM certificates: the authorities of a PKI of the operator's. */
    | { readonly mode: 'external_pki'; readonly caBundlePaths: readonly string[] }
    /** X.509-SVIDs of the own trust domain, whose paths start with the prefix; it ends with a slash. */
    | { readonly mode: 'spiffe'; readonly svidPrefix: string };
  /** What the path of an agent's ID is made of, below `/spire/agent`. */
  readonly agentPath: AgentPathTemplate;
  readonly maxIntermediates: number;
  readonly maxRsaKeyBits: number;
}

export type UpstreamAuthoritySettings = DiskUpstreamSettings | SpireUpstreamSettings;

/** An authority in files, PEM, which are read anew for each certificate. */
export interface DiskUpstreamSettings {
  readonly kind: 'disk';
  /** The certificate that signs ours, then its intermediates. */
  readonly certificatePath: string;
  readonly keyPath: string;
  /** The roots; undefined: the certificate is itself one. */
  readonly bundlePath: string | undefined;
}

/** Another server of the trust domain, for which we are a workload whose entry is that of a downstream server. */
export interface SpireUpstreamSettings {
  readonly kind: 'spire';
  /** Host name, IPv4 address, or IPv6 address without brackets. */
  readonly address: string;
  readonly port: number;
  /** The path of the Workload API's socket. */
  readonly workloadApiSocket: string;
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
  /** 500 X.509-SVIDs and 500 JWT-SVIDs a second. */
  readonly signing: boolean;
}

/** Other trust domains: what they are told, and what we ask of them. */
export interface FederationSettings {
  /** Absent: our bundle is not published. */
  readonly bundleEndpoint: BundleEndpointSettings | undefined;
  /** They cannot be changed by the API. */
  readonly relationships: readonly FederationRelationship[];
}

export interface BundleEndpointSettings {
  /** An IP address or host name. */
  readonly address: string;
  /** Zero lets the system choose. */
  readonly port: number;
  /** How often others are to ask. */
  readonly refreshHintSeconds: number;
  readonly profile:
    /** The server's own X.509-SVID. */
    | { readonly kind: 'https_spiffe' }
    /** A certificate of the Web PKI and its key, PEM, read again at each interval. */
    | {
        readonly kind: 'https_web';
        readonly certificatePath: string;
        readonly keyPath: string;
        readonly syncIntervalMs: number;
      };
}
