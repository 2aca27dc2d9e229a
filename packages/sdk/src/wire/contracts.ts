// The wire contracts: proto/ loaded at run time, each file when it is first needed, typed by what `npm run generate`
// wrote from the same files.
import { fileURLToPath } from 'node:url';
import {
  makeClientConstructor,
  type ChannelCredentials,
  type Client,
  type ClientOptions,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import { loadSync, type AnyDefinition, type MessageTypeDefinition, type Options } from '@grpc/proto-loader';
import type {
  ExplainClient as AgentExplainClient,
  ExplainDefinition as AgentExplainDefinition,
} from './gen/credence/agent/v1/Explain.js';
import type { ChangesClient, ChangesDefinition } from './gen/credence/server/v1/Changes.js';
import type { ExplainClient, ExplainDefinition } from './gen/credence/server/v1/Explain.js';
import type {
  DebugClient as AgentDebugClient,
  DebugDefinition as AgentDebugDefinition,
} from './gen/spire/agent/debug/v1/Debug.js';
import type {
  DelegatedIdentityClient,
  DelegatedIdentityDefinition,
} from './gen/spire/api/agent/delegatedidentity/v1/DelegatedIdentity.js';
import type {
  LoggerClient as AgentLoggerClient,
  LoggerDefinition as AgentLoggerDefinition,
} from './gen/spire/api/agent/logger/v1/Logger.js';
import type { Secret, Secret__Output } from './gen/envoy/extensions/transport_sockets/tls/v3/Secret.js';
import type {
  SPIFFECertValidatorConfig,
  SPIFFECertValidatorConfig__Output,
} from './gen/envoy/extensions/transport_sockets/tls/v3/SPIFFECertValidatorConfig.js';
import type {
  SecretDiscoveryServiceClient,
  SecretDiscoveryServiceDefinition,
} from './gen/envoy/service/secret/v3/SecretDiscoveryService.js';
import type { HealthClient, HealthDefinition } from './gen/grpc/health/v1/Health.js';
import type { Status, Status__Output } from './gen/google/rpc/Status.js';
import type { AgentClient, AgentDefinition } from './gen/spire/api/server/agent/v1/Agent.js';
import type { BundleClient, BundleDefinition } from './gen/spire/api/server/bundle/v1/Bundle.js';
import type { DebugClient, DebugDefinition } from './gen/spire/api/server/debug/v1/Debug.js';
import type { EntryClient, EntryDefinition } from './gen/spire/api/server/entry/v1/Entry.js';
import type {
  LocalAuthorityClient,
  LocalAuthorityDefinition,
} from './gen/spire/api/server/localauthority/v1/LocalAuthority.js';
import type { LoggerClient, LoggerDefinition } from './gen/spire/api/server/logger/v1/Logger.js';
import type { SVIDClient, SVIDDefinition } from './gen/spire/api/server/svid/v1/SVID.js';
import type { TrustDomainClient, TrustDomainDefinition } from './gen/spire/api/server/trustdomain/v1/TrustDomain.js';
import type {
  PermissionDeniedDetails,
  PermissionDeniedDetails__Output,
} from './gen/spire/api/types/PermissionDeniedDetails.js';
import type { SpiffeWorkloadAPIClient, SpiffeWorkloadAPIDefinition } from './gen/SpiffeWorkloadAPI.js';

// The build copies proto/ here, so that the published package carries its contracts.
const folder = fileURLToPath(new URL('../proto/', import.meta.url));

// The generator of wire/gen gets the same options (scripts/generate-wire-types.mjs).
const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true, includeDirs: [folder] };

/** One service: what a server implements, and a client of it. */
export class Contract<Definition, ServiceClient extends Client> {
  readonly #file: string;
  /** The full name, such as `spire.api.server.entry.v1.Entry`. */
  readonly name: string;
  #definition: Definition | undefined;

  constructor(file: string, name: string) {
    this.#file = file;
    this.name = name;
  }

  get definition(): Definition {
    this.#definition ??= load(this.#file, this.name) as Definition;
    return this.#definition;
  }

  createClient(target: string, credentials: ChannelCredentials, options?: ClientOptions): ServiceClient {
    const Constructor = makeClientConstructor(this.definition as ServiceDefinition, this.name);
    return new Constructor(target, credentials, options) as unknown as ServiceClient;
  }
}

export const workloadApi = new Contract<SpiffeWorkloadAPIDefinition, SpiffeWorkloadAPIClient>(
  'spiffe/workload/workload.proto',
  'SpiffeWorkloadAPI',
);
export const agentApi = new Contract<AgentDefinition, AgentClient>(
  'spire/api/server/agent/v1/agent.proto',
  'spire.api.server.agent.v1.Agent',
);
export const entryApi = new Contract<EntryDefinition, EntryClient>(
  'spire/api/server/entry/v1/entry.proto',
  'spire.api.server.entry.v1.Entry',
);
export const svidApi = new Contract<SVIDDefinition, SVIDClient>(
  'spire/api/server/svid/v1/svid.proto',
  'spire.api.server.svid.v1.SVID',
);
export const bundleApi = new Contract<BundleDefinition, BundleClient>(
  'spire/api/server/bundle/v1/bundle.proto',
  'spire.api.server.bundle.v1.Bundle',
);
export const localAuthorityApi = new Contract<LocalAuthorityDefinition, LocalAuthorityClient>(
  'spire/api/server/localauthority/v1/localauthority.proto',
  'spire.api.server.localauthority.v1.LocalAuthority',
);
export const trustDomainApi = new Contract<TrustDomainDefinition, TrustDomainClient>(
  'spire/api/server/trustdomain/v1/trustdomain.proto',
  'spire.api.server.trustdomain.v1.TrustDomain',
);
export const loggerApi = new Contract<LoggerDefinition, LoggerClient>(
  'spire/api/server/logger/v1/logger.proto',
  'spire.api.server.logger.v1.Logger',
);
export const debugApi = new Contract<DebugDefinition, DebugClient>(
  'spire/api/server/debug/v1/debug.proto',
  'spire.api.server.debug.v1.Debug',
);
/** Of the agent; {@link loggerApi} is the server's. */
export const agentLoggerApi = new Contract<AgentLoggerDefinition, AgentLoggerClient>(
  'spire/api/agent/logger/v1/logger.proto',
  'spire.api.agent.logger.v1.Logger',
);
/** Of the agent; {@link debugApi} is the server's. */
export const agentDebugApi = new Contract<AgentDebugDefinition, AgentDebugClient>(
  'spire/api/agent/debug/v1/debug.proto',
  'spire.agent.debug.v1.Debug',
);
export const delegatedIdentityApi = new Contract<DelegatedIdentityDefinition, DelegatedIdentityClient>(
  'spire/api/agent/delegatedidentity/v1/delegatedidentity.proto',
  'spire.api.agent.delegatedidentity.v1.DelegatedIdentity',
);
export const changesApi = new Contract<ChangesDefinition, ChangesClient>(
  'credence/server/v1/changes.proto',
  'credence.server.v1.Changes',
);
/** Of the agent; {@link explainApi} is the server's. */
export const agentExplainApi = new Contract<AgentExplainDefinition, AgentExplainClient>(
  'credence/agent/v1/explain.proto',
  'credence.agent.v1.Explain',
);
export const explainApi = new Contract<ExplainDefinition, ExplainClient>(
  'credence/server/v1/explain.proto',
  'credence.server.v1.Explain',
);
export const secretDiscoveryApi = new Contract<SecretDiscoveryServiceDefinition, SecretDiscoveryServiceClient>(
  'envoy/service/secret/v3/sds.proto',
  'envoy.service.secret.v3.SecretDiscoveryService',
);
export const healthApi = new Contract<HealthDefinition, HealthClient>(
  'grpc/health/v1/health.proto',
  'grpc.health.v1.Health',
);

/** The message behind `grpc-status-details-bin`. */
export function rpcStatus(): MessageTypeDefinition<Status, Status__Output> {
  return load('google/rpc/status.proto', 'google.rpc.Status') as MessageTypeDefinition<Status, Status__Output>;
}

export function permissionDeniedDetails(): MessageTypeDefinition<
  PermissionDeniedDetails,
  PermissionDeniedDetails__Output
> {
  return load('spire/api/types/status.proto', 'spire.api.types.PermissionDeniedDetails') as MessageTypeDefinition<
    PermissionDeniedDetails,
    PermissionDeniedDetails__Output
  >;
}

const tlsExtensions = 'envoy/extensions/transport_sockets/tls/v3';

/** What Envoy's secret discovery service hands out, each in an Any. */
export function envoySecret(): MessageTypeDefinition<Secret, Secret__Output> {
  const name = 'envoy.extensions.transport_sockets.tls.v3.Secret';
  return load(`${tlsExtensions}/secret.proto`, name) as MessageTypeDefinition<Secret, Secret__Output>;
}

/** The configuration of Envoy's SPIFFE validator. */
export function spiffeCertValidatorConfig(): MessageTypeDefinition<
  SPIFFECertValidatorConfig,
  SPIFFECertValidatorConfig__Output
> {
  const name = 'envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig';
  return load(`${tlsExtensions}/tls_spiffe_validator_config.proto`, name) as MessageTypeDefinition<
    SPIFFECertValidatorConfig,
    SPIFFECertValidatorConfig__Output
  >;
}

/** How proto/ describes itself: a FileDescriptorProto in which what is not set is missing. */
export function fileDescriptor(): MessageTypeDefinition<object, object> {
  const definitions = loadOnce('google/protobuf/descriptor.proto', { enums: String });
  return definitions['google.protobuf.FileDescriptorProto'] as MessageTypeDefinition<object, object>;
}

const loaded = new Map<string, Readonly<Record<string, AnyDefinition>>>();

function load(file: string, name: string): AnyDefinition {
  const definition = loadOnce(file, options)[name];
  if (definition === undefined) throw new TypeError(`${file} does not define ${name}`);
  return definition;
}

function loadOnce(file: string, options: Options): Readonly<Record<string, AnyDefinition>> {
  const definitions = loaded.get(file) ?? loadSync(file, options);
  loaded.set(file, definitions);
  return definitions;
}
