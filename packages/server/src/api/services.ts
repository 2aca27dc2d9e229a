// The services of the server, on the ports that they share.
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  agentApi,
  bundleApi,
  changesApi,
  debugApi,
  entryApi,
  explainApi,
  healthApi,
  localAuthorityApi,
  loggerApi,
  svidApi,
  trustDomainApi,
} from '@credence/sdk/wire';
import type { AgentServicePorts } from './agent/ports.js';
import { createAgentService } from './agent/service.js';
import { createBundleService } from './bundle/service.js';
import type { BundleServicePorts } from './bundle/ports.js';
import type { ChangesServicePorts } from './changes/ports.js';
import { createChangesService } from './changes/service.js';
import { createEntryService } from './entry/service.js';
import type { EntryServicePorts } from './entry/ports.js';
import type { ExplainServicePorts } from './explain/ports.js';
import { createExplainService } from './explain/service.js';
import type { DebugServicePorts } from './debug/ports.js';
import { createDebugService } from './debug/service.js';
import { createHealthService } from './health/service.js';
import type { LocalAuthorityServicePorts } from './localauthority/ports.js';
import { createLocalAuthorityService } from './localauthority/service.js';
import type { LoggerServicePorts } from './logger/ports.js';
import { createLoggerService } from './logger/service.js';
import type { Pipeline } from './pipeline.js';
import { createSvidService } from './svid/service.js';
import { createTrustDomainService } from './trustdomain/service.js';
import type { TrustDomainServicePorts } from './trustdomain/ports.js';
import type { SvidServicePorts } from './svid/ports.js';

export type ServicePorts = AgentServicePorts &
  BundleServicePorts &
  ChangesServicePorts &
  DebugServicePorts &
  EntryServicePorts &
  ExplainServicePorts &
  LocalAuthorityServicePorts &
  LoggerServicePorts &
  SvidServicePorts &
  TrustDomainServicePorts;

/** A service, and what answers its methods; those without a handler answer UNIMPLEMENTED. */
export interface Service {
  readonly definition: ServiceDefinition;
  readonly handlers: Partial<UntypedServiceImplementation>;
}

/** What both listeners serve. */
export function createServices(ports: ServicePorts, pipeline: Pipeline): readonly Service[] {
  return [
    { definition: agentApi.definition, handlers: createAgentService(ports, pipeline) },
    { definition: bundleApi.definition, handlers: createBundleService(ports, pipeline) },
    { definition: changesApi.definition, handlers: createChangesService(ports, pipeline) },
    { definition: entryApi.definition, handlers: createEntryService(ports, pipeline) },
    { definition: localAuthorityApi.definition, handlers: createLocalAuthorityService(ports, pipeline) },
    { definition: svidApi.definition, handlers: createSvidService(ports, pipeline) },
    { definition: trustDomainApi.definition, handlers: createTrustDomainService(ports, pipeline) },
  ];
}

/** What only the admin socket serves. */
export function createLocalServices(ports: ServicePorts, pipeline: Pipeline): readonly Service[] {
  return [
    { definition: debugApi.definition, handlers: createDebugService(ports, pipeline) },
    { definition: explainApi.definition, handlers: createExplainService(ports, pipeline) },
    { definition: healthApi.definition, handlers: createHealthService(ports, pipeline) },
    { definition: loggerApi.definition, handlers: createLoggerService(ports, pipeline) },
  ];
}
