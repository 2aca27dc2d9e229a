// What an agent is told when it is made: checked values, no defaults of its own except those named here. The command
// line and the configuration file are parsed into this.
import type { TrustDomain } from '@credence/sdk';

export interface AgentSettings {
  readonly trustDomain: TrustDomain;
  /** Host name, IPv4 address, or IPv6 address without brackets. */
  readonly serverAddress: string;
  readonly serverPort: number;
  /** What survives a restart lives here; made with mode 0700 when missing. */
  readonly dataDir: string;
  /** The Unix socket of the Workload API. */
  readonly socketPath: string;
  /** How the server is recognised before anything is stored; unused once a bundle is stored. Undefined: only a stored bundle. */
  readonly trustBundle: TrustBundleSource | undefined;
  /** How the node proves itself. It is used when no living agent SVID is stored. */
  readonly nodeAttestation: NodeAttestationSettings;
  /** Time between two synchronisations with the server, give or take 10 %. */
  readonly syncIntervalMs: number;
  /** Whether the server is asked to ring when something has changed, so that it is synchronised at once. */
  readonly watchChanges: boolean;
  /** Keys of the workloads' X.509-SVIDs. */
  readonly workloadKeyType: WorkloadKeyType;
  /** How many JWT-SVIDs of workloads are held at most. */
  readonly jwtSvidCacheMaxSize: number;
  /** Whether the bundles of the own trust domain are given to callers without an identity. */
  readonly allowUnauthenticatedVerifiers: boolean;
  /** Claims of foreign JWT-SVIDs that ValidateJWTSVID tells of besides `sub`, `exp` and `aud`. */
  readonly allowedForeignJwtClaims: readonly string[];
  readonly unixAttestor: UnixAttestorSettings;
}

export const workloadKeyTypes = ['ec-p256', 'ec-p384', 'rsa-2048'] as const;

export type WorkloadKeyType = (typeof workloadKeyTypes)[number];

/** A file of PEM certificates: the trust domain's X.509 authorities. Read when it is needed, and again at each attempt. */
export interface TrustBundleSource {
  readonly kind: 'file';
  readonly path: string;
  readonly format: 'pem';
}

export type NodeAttestationSettings = JoinTokenAttestationSettings | X509PopAttestationSettings;

/** Join token attestation. The token is not needed once the agent has joined, nor is the file read then. */
export interface JoinTokenAttestationSettings {
  readonly kind: 'join_token';
  readonly token: JoinTokenSource | undefined;
}

/** Proof of possession of a certificate, in PEM files that are read for each attestation. */
export interface X509PopAttestationSettings {
  readonly kind: 'x509pop';
  readonly privateKeyPath: string;
  readonly certificatePath: string;
  readonly intermediatesPath: string | undefined;
}

export type JoinTokenSource =
  { readonly kind: 'value'; readonly value: string } | { readonly kind: 'file'; readonly path: string };

export interface UnixAttestorSettings {
  /** Whether `unix:path` and `unix:sha256` are found. */
  readonly discoverWorkloadPath: boolean;
  /** Largest executable that is hashed, in bytes; 0: without limit; negative: none is hashed. */
  readonly workloadSizeLimit: number;
}

/** What applies when the operator says nothing. */
export const defaultAgentSettings = {
  serverPort: 8081,
  syncIntervalMs: 5000,
  watchChanges: true,
  workloadKeyType: 'ec-p256',
  jwtSvidCacheMaxSize: 1000,
  allowUnauthenticatedVerifiers: false,
  allowedForeignJwtClaims: [],
  unixAttestor: { discoverWorkloadPath: false, workloadSizeLimit: 0 },
} as const satisfies Partial<AgentSettings>;
