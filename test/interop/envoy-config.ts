// Envoy's configuration: listeners and clusters whose certificates come from the agent.

/** What Envoy asks the agent for, and how. */
export interface Secrets {
  readonly certificate: string;
  readonly validation: string;
  /** A matcher of the peer's URI SAN. */
  readonly peer: Readonly<Record<string, string>>;
  readonly api?: 'GRPC' | 'DELTA_GRPC';
  readonly nodeOnFirstMessageOnly?: boolean;
  /** How long a listener or cluster waits for the secret before it goes on without, such as `1s`. */
  readonly patience?: string;
}

/** TLS outside, plain HTTP to a service inside. */
export interface Ingress {
  readonly name: string;
  readonly port: number;
  readonly secrets: Secrets;
  /** Where the service listens. */
  readonly service: number;
}

/** Plain HTTP inside, TLS to a peer outside. */
export interface Egress {
  readonly name: string;
  readonly secrets: Secrets;
  /** Where the peer's Envoy listens. */
  readonly peerPort: number;
}

export interface EnvoyOptions {
  readonly name: string;
  /** The agent's socket. */
  readonly socket: string;
  readonly ingress?: readonly Ingress[];
  readonly egress?: readonly Egress[];
}

const type = (name: string): string => `type.googleapis.com/envoy.${name}`;
const http1 = {
  '@type': type('extensions.upstreams.http.v3.HttpProtocolOptions'),
  explicit_http_config: { http_protocol_options: {} },
  // Many handshakes: each certificate is used soon after it came.
  common_http_protocol_options: { max_requests_per_connection: 3 },
};
const http2 = {
  '@type': type('extensions.upstreams.http.v3.HttpProtocolOptions'),
  explicit_http_config: { http2_protocol_options: {} },
};

/** A whole configuration; cluster `spire_agent` is the agent. */
export function envoyConfiguration({ name, socket, ingress = [], egress = [] }: EnvoyOptions): object {
  return {
    node: { id: name, cluster: name },
    admin: { address: tcp(0) },
    static_resources: {
      listeners: [...ingress.map(ingressListener), ...egress.map(egressListener)],
      clusters: [
        cluster('spire_agent', { pipe: { path: socket } }, http2),
        ...ingress.map(({ name: of, service }) => cluster(`${of}-service`, tcp(service))),
        ...egress.map(({ name: to, secrets, peerPort }) => ({
          ...cluster(`${to}-peer`, tcp(peerPort), http1),
          transport_socket: tls('UpstreamTlsContext', secrets),
        })),
      ],
    },
  };
}

const tcp = (port: number): object => ({ socket_address: { address: '127.0.0.1', port_value: port } });

function cluster(name: string, address: object, protocol?: object): object {
  const endpoints = [{ lb_endpoints: [{ endpoint: { address } }] }];
  return {
    name,
    connect_timeout: '1s',
    load_assignment: { cluster_name: name, endpoints },
    ...(protocol && {
      typed_extension_protocol_options: { 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': protocol },
    }),
  };
}

function ingressListener({ name, port, secrets }: Ingress): object {
  // The service is told who calls, and only by Envoy.
  const caller = {
    forward_client_cert_details: 'SANITIZE_SET',
    set_current_client_cert_details: { uri: true },
  };
  const chain = {
    filters: [connectionManager(name, `${name}-service`, caller)],
    transport_socket: tls('DownstreamTlsContext', secrets, { require_client_certificate: true }),
  };
  return { name, address: tcp(port), filter_chains: [chain] };
}

function egressListener({ name }: Egress): object {
  const listener = `to-${name}`;
  return {
    name: listener,
    address: tcp(0),
    filter_chains: [{ filters: [connectionManager(listener, `${name}-peer`)] }],
  };
}

function connectionManager(name: string, target: string, more: object = {}): object {
  const virtualHost = { name, domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: target } }] };
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: { '@type': type('extensions.filters.http.router.v3.Router') },
  };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': type('extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'),
      stat_prefix: name,
      route_config: { virtual_hosts: [virtualHost] },
      http_filters: [router],
      ...more,
    },
  };
}

function tls(context: string, secrets: Secrets, more: object = {}): object {
  const { certificate, validation, peer } = secrets;
  const sds = sdsConfig(secrets);
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': type(`extensions.transport_sockets.tls.v3.${context}`),
      common_tls_context: {
        tls_certificate_sds_secret_configs: [{ name: certificate, sds_config: sds }],
        combined_validation_context: {
          default_validation_context: { match_typed_subject_alt_names: [{ san_type: 'URI', matcher: peer }] },
          validation_context_sds_secret_config: { name: validation, sds_config: sds },
        },
      },
      ...more,
    },
  };
}

function sdsConfig({ api = 'GRPC', nodeOnFirstMessageOnly = false, patience }: Secrets): object {
  return {
    resource_api_version: 'V3',
    ...(patience !== undefined && { initial_fetch_timeout: patience }),
    api_config_source: {
      api_type: api,
      transport_api_version: 'V3',
      set_node_on_first_message_only: nodeOnFirstMessageOnly,
      grpc_services: [{ envoy_grpc: { cluster_name: 'spire_agent' } }],
    },
  };
}
