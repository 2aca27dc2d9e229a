// What an agent is told when it is made: checked values, no defaults of its own except those named here. The command
// line and the configuration file are parsed into this.
import type { SpiffeId, TrustDomain } from '@credence/sdk';
import type { HealthCheckSettings, HttpPlace } from '@credence/sdk/daemon/monitoring';
import type { CgroupPattern } from './domain/cgroup-pattern.js';
import type { RateLimits } from './domain/rate-limits.js';

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
  /** What is done when the server is of an authority that the agent does not know. */
  readonly rebootstrap: RebootstrapSettings;
  /** How the node proves itself. It is used when no living agent SVID is stored. */
  readonly nodeAttestation: NodeAttestationSettings;
  /** Time between two synchronisations with the server, give or take 10 %. */
  readonly syncIntervalMs: number;
  /** Whether the server is asked to ring when something has changed, so that it is synchronised at once. */
  readonly watchChanges: boolean;
  /** Keys of the workloads' X.509-SVIDs. */
  readonly workloadKeyType: WorkloadKeyType;
  /** Whether what is served is kept on disk, sealed with the agent's key, so that a restart without the server serves it. */
  readonly persistWorkloadIdentities: boolean;
  /** How long X.509-SVIDs shall live on when the server goes away; undefined: about half of their life. */
  readonly availabilityTargetMs: number | undefined;
  /** How many X.509-SVIDs are held for workloads that have no open stream; open streams have theirs in any case. */
  readonly x509SvidCacheMaxSize: number;
  /** How many JWT-SVIDs of workloads are held at most. */
  readonly jwtSvidCacheMaxSize: number;
  /** Whether the bundles of the own trust domain are given to callers without an identity. */
  readonly allowUnauthenticatedVerifiers: boolean;
  /** Claims of foreign JWT-SVIDs that ValidateJWTSVID tells of besides `sub`, `exp` and `aud`. */
  readonly allowedForeignJwtClaims: readonly string[];
  /** How Envoy's secret discovery service names and makes secrets. */
  readonly sds: SdsSettings;
  /** What the public socket offers; nothing: it is not opened. */
  readonly services: PublicServices;
  /** How often workloads may call. */
  readonly rateLimits: RateLimits;
  /** The Unix socket for operators and delegates; undefined: there is none. */
  readonly adminSocketPath: string | undefined;
  /** Who may ask on the admin socket for identities of others; members of the own trust domain. */
  readonly authorizedDelegates: readonly SpiffeId[];
  readonly unixAttestor: UnixAttestorSettings;
  /** Undefined: containers are not looked at. */
  readonly dockerAttestor: DockerAttestorSettings | undefined;
  /** Undefined: units are not looked at. */
  readonly systemdAttestor: SystemdAttestorSettings | undefined;
  /** Where metrics are served; undefined: nothing is counted. */
  readonly metrics?: HttpPlace | undefined;
  /** Where monitors ask whether the agent lives and is ready; undefined: nowhere. */
  readonly healthChecks?: HealthCheckSettings | undefined;
}

export const workloadKeyTypes = ['ec-p256', 'ec-p384', 'rsa-2048'] as const;

export type WorkloadKeyType = (typeof workloadKeyTypes)[number];

export interface SdsSettings {
  /** The name of a caller's default X.509-SVID. */
  readonly defaultSvidName: string;
  /** The name of the own trust domain's bundle. */
  readonly defaultBundleName: string;
  /** The name of all bundles that a caller may have, together. */
  readonly defaultAllBundlesName: string;
  /** Whether bundles are sent as plain authorities instead of for Envoy's SPIFFE validator. */
  readonly disableSpiffeCertValidation: boolean;
}

export interface PublicServices {
  readonly workloadApi: boolean;
  readonly sds: boolean;
}

/** From where the trust domain's X.509 authorities are had at first; asked again at each attempt. */
export type TrustBundleSource =
  | TrustBundleFile
  | TrustBundleUrl
  /** Another agent of this machine. */
  | { readonly kind: 'workload_api'; readonly address: string }
  /** The server itself, or whoever answers in its place. */
  | { readonly kind: 'insecure' };

/** PEM certificates, or a SPIFFE bundle. */
export type TrustBundleFormat = 'pem' | 'spiffe';

export interface TrustBundleFile {
  readonly kind: 'file';
  readonly path: string;
  readonly format: TrustBundleFormat;
}

export interface TrustBundleUrl {
  readonly kind: 'url';
  /** `https:`, or `http:` with a Unix socket. */
  readonly url: string;
  readonly unixSocket: string | undefined;
  readonly format: TrustBundleFormat;
}

export interface RebootstrapSettings {
  /** `auto`: if the node can attest again; `always`: a node that cannot is an error. */
  readonly mode: 'never' | 'auto' | 'always';
  /** How long the server has to be unknown. */
  readonly delayMs: number;
}

export type NodeAttestationSettings = JoinTokenAttestationSettings | X509PopAttestationSettings;

/** Join token attestation. The token is not needed once the agent has joined, nor is the file read then. */
export interface JoinTokenAttestationSettings {
  readonly kind: 'join_token';
  readonly token: JoinTokenSource | undefined;
}

/** Proof of possession of a certificate, which is read for each attestation. */
export interface X509PopAttestationSettings {
  readonly kind: 'x509pop';
  readonly identity:
    /** PEM. */
    | {
        readonly kind: 'files';
        readonly privateKeyPath: string;
        readonly certificatePath: string;
        readonly intermediatesPath: string | undefined;
      }
    /** The X.509-SVID that another agent's Workload API gives this one. */
    | { readonly kind: 'workload_api'; readonly address: string };
}

export type JoinTokenSource =
  { readonly kind: 'value'; readonly value: string } | { readonly kind: 'file'; readonly path: string };

export interface UnixAttestorSettings {
  /** Whether `unix:path` and `unix:sha256` are found. */
  readonly discoverWorkloadPath: boolean;
  /** Largest executable that is hashed, in bytes; 0: without limit; negative: none is hashed. */
  readonly workloadSizeLimit: number;
}

export interface DockerAttestorSettings {
  /** The Unix socket of Docker; absolute, as the others. */
  readonly dockerSocketPath: string;
  /** Of the Docker Engine API, such as `1.44`; undefined: the newest that the daemon knows. */
  readonly dockerVersion: string | undefined;
  /** The Unix socket of root's Podman. */
  readonly podmanSocketPath: string;
  /** Those of users' Podmans, `%d` standing for the user; undefined: their containers have no selectors. */
  readonly podmanSocketPathTemplate: string | undefined;
  /** Where in their paths control groups say a container's ID; none: in any name of 64 hexadecimal digits. */
  readonly cgroupPatterns: readonly CgroupPattern[];
  /** Whether the control groups of each process are logged, at the level debug. */
  readonly verboseContainerLocatorLogs: boolean;
  /** How signatures of images are verified; undefined: not at all. */
  readonly sigstore: SigstoreSettings | undefined;
}

export interface SigstoreSettings {
  /** Who may sign images; empty: anybody. A text, or a regular expression that has to match all of the value. */
  readonly allowedSigners: readonly { readonly issuer: string; readonly subject: string }[];
  /** Names of images with their digest, or images' IDs, that nobody need have signed. */
  readonly skippedImages: readonly string[];
  /** The transparency log that signatures have to be in; undefined: any of the trusted root. */
  readonly rekorUrl: string | undefined;
  /** Whether no transparency log has to vouch for signatures. */
  readonly ignoreTlog: boolean;
  /** Whether no log of certificates has to vouch for certificates. */
  readonly ignoreSct: boolean;
  readonly ignoreAttestations: boolean;
  /** By the name of the registry. */
  readonly registryCredentials: Readonly<Record<string, { readonly username: string; readonly password: string }>>;
  /** The hosts, with their ports, of registries that are spoken to without TLS. */
  readonly insecureRegistries: readonly string[];
  /** A Sigstore trusted root, or a TUF repository with its first root; undefined: those of the public Sigstore. */
  readonly trustedRoot:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'tuf'; readonly repository: { readonly url: string; readonly rootPath: string } | undefined };
}

export interface SystemdAttestorSettings {
  /** The Unix socket of the system's message bus. */
  readonly busSocketPath: string;
}

/** What applies when the operator wants the attestor `docker` and says no more; users' Podmans are not asked then. */
export const defaultDockerAttestor = {
  dockerSocketPath: '/var/run/docker.sock',
  podmanSocketPath: '/run/podman/podman.sock',
  podmanSocketPathTemplate: '/run/user/%d/podman/podman.sock',
  cgroupPatterns: [],
  verboseContainerLocatorLogs: false,
  sigstore: undefined,
} as const satisfies Partial<DockerAttestorSettings>;

/** What applies when the operator says nothing. */
export const defaultAgentSettings = {
  serverPort: 8081,
  rebootstrap: { mode: 'never', delayMs: 600_000 },
  syncIntervalMs: 5000,
  watchChanges: true,
  workloadKeyType: 'ec-p256',
  persistWorkloadIdentities: false,
  availabilityTargetMs: undefined,
  x509SvidCacheMaxSize: 1000,
  jwtSvidCacheMaxSize: 1000,
  allowUnauthenticatedVerifiers: false,
  allowedForeignJwtClaims: [],
  sds: {
    defaultSvidName: 'default',
    defaultBundleName: 'ROOTCA',
    defaultAllBundlesName: 'ALL',
    disableSpiffeCertValidation: false,
  },
  services: { workloadApi: true, sds: true },
  rateLimits: {
    fetchX509Svid: undefined,
    fetchX509Bundles: undefined,
    fetchJwtSvid: undefined,
    fetchJwtBundles: undefined,
    streamSecrets: undefined,
    fetchSecrets: undefined,
  },
  adminSocketPath: undefined,
  authorizedDelegates: [],
  unixAttestor: { discoverWorkloadPath: false, workloadSizeLimit: 0 },
  dockerAttestor: undefined,
  systemdAttestor: undefined,
  metrics: undefined,
  healthChecks: undefined,
} as const satisfies Partial<AgentSettings>;
