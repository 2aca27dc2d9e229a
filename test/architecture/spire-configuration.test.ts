// The keys of SPIRE 1.15's configuration: each is a key of ours, or docs/spire-compatibility.md says why it is not.
import assert from 'node:assert/strict';
import { agentFileSchema } from '../../packages/agent/dist/config/schema.js';
import { serverFileSchema } from '../../packages/server/dist/config/schema.js';
import { readProse, section, tableRows } from '../support/prose.js';
import { keysOf } from '../support/schema-keys.js';

const below = (prefix: string, names: string): string[] => names.split(' ').map((name) => `${prefix}.${name}`);

const spire = [
  ...below('server', 'trust_domain data_dir bind_address bind_port socket_path admin_ids'),
  ...below('server', 'log_level log_format log_file log_source_location audit_log_enabled'),
  ...below('server', 'ca_key_type jwt_key_type ca_ttl default_x509_svid_ttl default_jwt_svid_ttl agent_ttl'),
  ...below('server', 'jwt_issuer disable_jwt_svids max_attested_node_info_staleness proxy_protocol_trusted_cidrs'),
  ...below('server', 'prune_attested_nodes_expired_for prune_attested_nodes_batch_size prune_tofu_nodes'),
  ...below('server', 'profiling_enabled profiling_port profiling_freq profiling_names'),
  ...below('server.ca_subject', 'country organization common_name'),
  ...below('server.ratelimit', 'attestation signing'),
  ...below('server.experimental', 'cache_reload_interval full_cache_reload_interval events_based_cache'),
  ...below('server.experimental', 'prune_events_older_than event_timeout sql_transaction_timeout'),
  ...below('server.experimental', 'auth_opa_policy_engine agent_spiffe_id_as_selector require_pq_kem'),
  ...below('server.experimental', 'wit_key_type wit_issuer feature_flags named_pipe_name'),
  ...below('server.federation.bundle_endpoint', 'address port refresh_hint profile.https_spiffe'),
  ...below('server.federation.bundle_endpoint.profile.https_web', 'acme'),
  ...below(
    'server.federation.bundle_endpoint.profile.https_web.serving_cert_file',
    'cert_file_path key_file_path file_sync_interval',
  ),
  'server.federation.federates_with',
  ...below(
    'plugins',
    'DataStore KeyManager NodeAttestor UpstreamAuthority Notifier BundlePublisher CredentialComposer',
  ),
  ...below(
    'plugins.WorkloadAttestor.docker.plugin_data',
    'docker_socket_path docker_version use_new_container_locator',
  ),
  ...below(
    'plugins.WorkloadAttestor.docker.plugin_data',
    'container_id_cgroup_matchers verbose_container_locator_logs',
  ),
  ...below('plugins.WorkloadAttestor.docker.plugin_data', 'podman_socket_path podman_socket_path_template'),
  ...below('plugins.WorkloadAttestor.docker.plugin_data.sigstore', 'allowed_identities skipped_images rekor_url'),
  ...below('plugins.WorkloadAttestor.docker.plugin_data.sigstore', 'ignore_tlog ignore_attestations ignore_sct'),
  'plugins.WorkloadAttestor.docker.plugin_data.sigstore.registry_credentials',
  ...below('plugins.*', 'plugin_cmd plugin_args plugin_checksum plugin_data_file enabled'),
  ...below('health_checks', 'listener_enabled bind_address bind_port live_path ready_path'),
  ...below('telemetry', 'Statsd DogStatsd M3 InMem MetricPrefix EnableTrustDomainLabel EnableHostnameLabel'),
  ...below('telemetry', 'AllowedPrefixes BlockedPrefixes AllowedLabels BlockedLabels'),
  ...below('telemetry.Prometheus', 'host port tls'),
  ...below('agent', 'trust_domain data_dir server_address server_port socket_path admin_socket_path'),
  ...below('agent', 'trust_bundle_path trust_bundle_url trust_bundle_unix_socket trust_bundle_spiffe_workload_api'),
  ...below('agent', 'trust_bundle_format insecure_bootstrap rebootstrap_mode rebootstrap_delay'),
  ...below('agent', 'join_token join_token_file log_level log_format log_file log_source_location log_selectors'),
  ...below('agent', 'disable_workload_api disable_sds_api workload_x509_svid_key_type availability_target'),
  ...below('agent', 'x509_svid_cache_max_size jwt_svid_cache_max_size allow_unauthenticated_verifiers'),
  ...below('agent', 'allowed_foreign_jwt_claims authorized_delegates'),
  ...below('agent', 'profiling_enabled profiling_port profiling_freq profiling_names'),
  ...below('agent.sds', 'default_svid_name default_bundle_name default_all_bundles_name'),
  ...below('agent.sds', 'disable_spiffe_cert_validation'),
  ...below('agent.experimental', 'sync_interval jwt_svid_cache_hit_timeout use_sync_authorized_entries require_pq_kem'),
  ...below('agent.experimental', 'broker named_pipe_name admin_named_pipe_name feature_flags'),
  ...below('agent.experimental.ratelimit', 'fetch_x509_svid fetch_jwt_svid fetch_x509_bundles fetch_jwt_bundles'),
  ...below('agent.experimental.ratelimit', 'stream_secrets fetch_secrets'),
];

describe("a key of SPIRE's configuration", () => {
  const ours = [...keysOf(serverFileSchema), ...keysOf(agentFileSchema)];
  const isOurs = (key: string): boolean => ours.some((own) => own === key || own.startsWith(`${key}.`));
  const leftOut = tableRows(section(readProse('docs/spire-compatibility.md'), '### Left out')).flatMap(([keys]) =>
    [...(keys ?? '').matchAll(/`([^`]+)`/g)].map(([, key]) => key ?? ''),
  );

  for (const key of spire) {
    it(`is there, or is named as left out: ${key}`, () => {
      assert.deepEqual([isOurs(key), leftOut.includes(key)].sort(), [false, true]);
    });
  }

  it('is one of these where it is named as left out', () => {
    assert.deepEqual(
      leftOut.filter((key) => !spire.includes(key)),
      [],
    );
  });
});
