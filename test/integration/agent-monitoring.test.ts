// What monitors see of a running agent, and that docs/operations.md and its alert rules speak of nothing else.
import assert from 'node:assert/strict';
import { credentials, Metadata } from '@grpc/grpc-js';
import { workloadApi } from '@credence/sdk/wire';
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
import { watchingWorkload } from '../support/watching-workload.js';

const sections = {
  telemetry: { Prometheus: { port: 0 } },
  health_checks: { listener_enabled: true, bind_port: 0 },
};
const plugins = {
  WorkloadAttestor: { docker: { plugin_data: { docker_socket_path: 'unix:///nowhere/docker.sock' } } },
};
const fetch509 = '/SpiffeWorkloadAPI/FetchX509SVID';

describe('an agent that is monitored', () => {
  let deployment: Deployment;
  let server: Child;
  let base: string;

  before(async () => {
    deployment = await Deployment.create();
    server = await deployment.startServer();
    await deployment.createEntry('/web', '--x509-svid-ttl', '120');
    const config = {
      experimental: { sync_interval: '200ms', watch_changes: false, ratelimit: { fetch_x509_bundles: 1 } },
    };
    base = monitorsOf(await deployment.startAgent({ sections, plugins, config }));
  });

  after(() => deployment[Symbol.asyncDispose]());

  const get = async (path: string): Promise<{ status: number; text: string }> => {
    const response = await fetch(base + path);
    return { status: response.status, text: await response.text() };
  };
  const metrics = async (): Promise<ReadonlyMap<string, number>> => samplesIn((await get('/metrics')).text);
  const sample = async (name: string): Promise<number> => (await metrics()).get(name) ?? assert.fail(name);

  it('is alive and ready, and says why it is ready', async () => {
    assert.deepEqual(await get('/live'), { status: 200, text: '{}\n' });
    const { status, text } = await get('/ready');
    assert.deepEqual([status, JSON.parse(text)], [200, { agent: {}, 'agent.svid': {}, 'agent.workload_api': {} }]);
  });

  it('tells how long its SVID and those of its workloads will last, and when it has synchronized', async () => {
    await until('the SVIDs', async () => (await sample('credence_agent_x509_svids')) === 2);
    const samples = await metrics();
    const left = samples.get('credence_agent_seconds_to_expiry{subject="agent_svid"}') ?? 0;
    assert.ok(left > 3500 && left <= 3600, String(left));
    assert.ok((samples.get('credence_agent_sync_lag_seconds') ?? Infinity) < 10);
    // The node's own entry is the alias of its token.
    assert.equal(samples.get('credence_agent_entries'), 2);
    const expiring = ['0s', '1m', '10m', '1h', '1d'].map((within) =>
      samples.get(`credence_agent_x509_svids_expiring{within="${within}"}`),
    );
    assert.deepEqual(expiring, [0, 0, 1, 2, 2]);
    const share = samples.get('credence_agent_x509_svid_least_life_left_ratio') ?? 0;
    assert.ok(share > 0.5 && share <= 1, String(share));
  });

  it('counts open streams, calls that it refuses by reason, and attestors that fail', async () => {
    const open = `credence_agent_open_calls{method="${fetch509}"}`;
    const workload = await watchingWorkload(deployment.workloadSocket());
    await workload.waitFor('/web');
    assert.equal(await sample(open), 1);
    workload[Symbol.dispose]();
    await until('the stream to be gone', async () => (await sample(open)) === 0);
    assert.ok((await sample('credence_agent_attestor_failures_total{attestor="docker",reason="failed"}')) >= 0);
    const limited = `credence_agent_calls_refused_total{method="/SpiffeWorkloadAPI/FetchX509Bundles",reason="ERR_CALLER_RATE"}`;
    assert.equal(await sample(limited), 0);
    await callOften(deployment.workloadSocket());
    assert.ok((await sample(limited)) > 0);
  });

  it('counts JWT-SVIDs by where they came from', async () => {
    const fetchJwt = ['api', 'fetch', 'jwt', '--audience', 'somebody', '--socket-path', deployment.workloadSocket()];
    for (let round = 0; round < 2; round++) assert.equal((await deployment.agent(...fetchJwt)).code, 0);
    const samples = await metrics();
    assert.equal(samples.get('credence_agent_jwt_svids_served_total{from="fresh"}'), 1);
    assert.equal(samples.get('credence_agent_jwt_svids_served_total{from="cached"}'), 1);
    assert.equal(samples.get('credence_agent_jwt_svids'), 1);
  });

  it('has the metrics that docs/operations.md names, and no other', async () => {
    const real = typesIn((await get('/metrics')).text).filter((name) => !/^(nodejs|process)_/.test(name));
    assert.deepEqual(documentedMetrics('## Metrics of the agent').sort(), [...real].sort());
  });

  it('has every metric that examples/prometheus/credence-agent.rules.yaml asks for', async () => {
    const rules = alertRules('credence-agent.rules.yaml');
    assert.ok(rules.length >= 8);
    assertAnswered(rules, (await get('/metrics')).text);
  });

  it('lags, says so and stays ready while the server is away', async () => {
    const failed = await sample('credence_agent_synchronizations_total{outcome="failed"}');
    await server.stop('SIGKILL');
    await until('rounds to fail', async () => {
      return (await sample('credence_agent_synchronizations_total{outcome="failed"}')) > failed;
    });
    const { status, text } = await get('/ready');
    assert.equal(status, 200);
    const { agent } = JSON.parse(text) as { agent: { warning: string } };
    assert.match(agent.warning, /^the agent is not in sync with its server; it last was at \d{4}-.*Z$/);
  });
});

/** More calls at a stroke than the operator allows. */
async function callOften(socketPath: string): Promise<void> {
  const client = workloadApi.createClient(`unix:${socketPath}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('workload.spiffe.io', 'true');
  const ended = Array.from({ length: 3 }, async () => {
    const call = client.FetchX509Bundles({}, metadata);
    await new Promise((resolve) => call.once('data', resolve).once('error', resolve));
    call.on('error', () => undefined).cancel();
  });
  await Promise.all(ended);
  client.close();
}
