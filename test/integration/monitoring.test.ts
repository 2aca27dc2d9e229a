// What monitors see of a running server, and that docs/operations.md and its alert rules speak of nothing else.
import assert from 'node:assert/strict';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import {
  alertRules,
  assertAnswered,
  documentedMetrics,
  monitorsOf,
  samplesIn,
  typesIn,
} from '../support/prometheus.js';
import { until } from '../support/until.js';

const sections = {
  telemetry: { Prometheus: { port: 0 } },
  health_checks: { listener_enabled: true, bind_port: 0 },
};

describe('a server that is monitored', () => {
  let deployment: Deployment;
  let server: Child;
  let base: string;

  before(async () => {
    deployment = await Deployment.create();
    server = await deployment.startServer({ sections });
    base = monitorsOf(server);
    await deployment.createEntry('/web');
    await deployment.startAgent();
  });

  after(() => deployment[Symbol.asyncDispose]());

  const get = async (path: string, init: RequestInit = {}): Promise<{ status: number; text: string }> => {
    const response = await fetch(base + path, init);
    return { status: response.status, text: await response.text() };
  };

  const metrics = async (): Promise<ReadonlyMap<string, number>> => samplesIn((await get('/metrics')).text);

  it('listens on loopback, unless told otherwise', () => {
    assert.match(base, /^http:\/\/(127\.0\.0\.1|\[::1\]):\d+$/);
  });

  it('is alive and ready, and says why it is ready', async () => {
    assert.deepEqual(await get('/live'), { status: 200, text: '{}\n' });
    const { status, text } = await get('/ready');
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(text), { server: {}, 'server.ca': {}, 'catalog.datastore': {} });
  });

  it('answers GET and HEAD for its pages, and nothing else', async () => {
    assert.deepEqual(await get('/metrics', { method: 'HEAD' }).then(({ text }) => text), '');
    assert.equal((await get('/metrics', { method: 'POST', body: 'x' })).status, 405);
    assert.equal((await get('/../etc/passwd')).status, 404);
    assert.equal((await get('/')).status, 404);
  });

  it('tells how long its authorities and its own SVID will last, and when they were replaced', async () => {
    const samples = await metrics();
    for (const [subject, lifetime] of [
      ['x509_authority', 86_400],
      ['jwt_authority', 86_400],
      ['server_svid', 3610],
    ] as const) {
      const of = (name: string): number => samples.get(`${name}{subject="${subject}"}`) ?? assert.fail(subject);
      const left = of('credence_server_seconds_to_expiry');
      assert.equal(of('credence_server_lifetime_seconds'), lifetime);
      assert.ok(left > lifetime - 120 && left <= lifetime, `${subject}: ${String(left)}`);
      const age = Date.now() / 1000 - of('credence_server_last_rotation_timestamp_seconds');
      assert.ok(age >= 0 && age < 120, `${subject}: ${String(age)}`);
    }
  });

  it('counts what it signs, its entries and its agents, by the names that dashboards of SPIRE know', async () => {
    // The node's own entry is the alias of its token.
    const first = await metrics();
    assert.equal(first.get('credence_server_entries'), 2);
    assert.equal(first.get('credence_server_agents'), 1);
    assert.equal(first.get('credence_server_agents_seen{within="1m"}'), 1);
    assert.equal(first.get('spire_server_started{version="0.1.0",trust_domain_id="example.org"}'), 1);
    assert.equal(first.get('spire_server_rpc_agent_v1_agent_attest_agent{status="OK"}'), 1);
    // The agent's SVID, and those of its two entries.
    await until('the SVIDs to be counted', async () => {
      const samples = await metrics();
      return samples.get('spire_server_server_ca_sign_x509_svid') === 3;
    });
    const batches = 'spire_server_rpc_svid_v1_svid_batch_new_x509svid';
    const samples = await metrics();
    assert.equal(samples.get(`${batches}{status="OK"}`), 1);
    assert.equal(samples.get(`${batches}_elapsed_time_count{status="OK"}`), 1);
    const items =
      'credence_server_batch_items_total{method="/spire.api.server.svid.v1.SVID/BatchNewX509SVID",status="OK"}';
    assert.equal(samples.get(items), 2);
  });

  it('counts what it refuses, by reason', async () => {
    const name = 'spire_server_rpc_agent_v1_agent_attest_agent{status="InvalidArgument"}';
    assert.equal((await metrics()).get(name), 0);
    const [node] = (JSON.parse(await deployment.admin('agent', 'list', '--output', 'json')) as Agents).agents;
    await deployment.admin('agent', 'ban', '--spiffe-id', `spiffe://example.org${node?.id.path ?? ''}`);
    await until('the banned agent to be refused', async () => {
      const refused = (await metrics()).get('credence_server_calls_refused_total{reason="AGENT_BANNED"}') ?? 0;
      return refused > 0;
    });
    assert.equal((await metrics()).get('credence_server_agents'), 0);
    const missing = await deployment.server('entry', 'delete', '--entry-id', 'no-such-entry');
    assert.equal(missing.code, 1);
    const items =
      'credence_server_batch_items_total{method="/spire.api.server.entry.v1.Entry/BatchDeleteEntry",status="NotFound"}';
    assert.equal((await metrics()).get(items), 1);
  });

  it('has the metrics that docs/operations.md names, and no other', async () => {
    const documented = documentedMetrics('## Metrics');
    const real = typesIn((await get('/metrics')).text).filter((name) => !/^(nodejs|process)_/.test(name));
    const rpc = /^spire_server_rpc_.+?(_elapsed_time)?$/;
    const generic = real.map((name) => name.replace(rpc, 'spire_server_rpc_<service>_<method>$1'));
    assert.deepEqual(documented.sort(), [...new Set(generic)].sort());
  });

  it('has every metric that examples/prometheus/credence.rules.yaml asks for', async () => {
    const rules = alertRules('credence.rules.yaml');
    assert.ok(rules.length >= 8);
    assertAnswered(rules, (await get('/metrics')).text);
  });
});

interface Agents {
  readonly agents: readonly { readonly id: { readonly path: string } }[];
}
