// What monitors see of a running server, and that docs/operations.md and its alert rules speak of nothing else.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { readProse, section, tableRows } from '../support/prose.js';
import { repository } from '../support/source-tree.js';
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
    base = baseOf(server);
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
    const rows = tableRows(section(readProse('docs/operations.md'), '## Metrics'));
    const documented = rows.map(([name = '']) => name.replaceAll('`', ''));
    const helped = (await get('/metrics')).text.matchAll(/^# TYPE (\S+) /gm);
    const real = [...helped].map(([, name = '']) => name).filter((name) => !/^(nodejs|process)_/.test(name));
    const rpc = /^spire_server_rpc_.+?(_elapsed_time)?$/;
    const generic = real.map((name) => name.replace(rpc, 'spire_server_rpc_<service>_<method>$1'));
    assert.deepEqual(documented.sort(), [...new Set(generic)].sort());
  });

  it('has every metric that examples/prometheus/credence.rules.yaml asks for', async () => {
    const { groups } = parse(
      readFileSync(join(repository, 'examples/prometheus/credence.rules.yaml'), 'utf8'),
    ) as Rules;
    const rules = groups.flatMap((group) => group.rules);
    assert.ok(rules.length >= 8);
    const { text } = await get('/metrics');
    // A counter of what has not happened yet has no samples.
    const declared = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);
    const real = [...samplesIn(text).keys(), ...declared];
    for (const { alert, expr, annotations } of rules) {
      assert.ok(annotations.summary.length > 0 && annotations.description.length > 0, alert);
      const asked = expr.match(/\b(credence|spire|nodejs|process)_\w+(\{[^}]*\})?/g) ?? [];
      assert.ok(asked.length > 0 || expr.includes('up{'), alert);
      for (const selector of asked)
        assert.ok(
          real.some((sample) => matches(selector, sample)),
          `${alert}: ${selector}`,
        );
    }
  });
});

interface Agents {
  readonly agents: readonly { readonly id: { readonly path: string } }[];
}

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly annotations: { readonly summary: string; readonly description: string };
    }[];
  }[];
}

function baseOf(server: Child): string {
  const ready = server.reports.find(({ msg }) => msg === 'http listener is ready');
  const { address, port } = ready as { address: string; port: number };
  return `http://${address.includes(':') ? `[${address}]` : address}:${String(port)}`;
}

/** Samples by name and labels, as they are written. */
function samplesIn(text: string): ReadonlyMap<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

/** Whether a selector of a rule asks for the sample: equal labels only; others are for the server to fill. */
function matches(selector: string, sample: string): boolean {
  const [name = '', labels = ''] = selector.split(/[{}]/);
  const wanted = labels.split(',').filter((label) => /^\w+="/.test(label.trim()));
  return (sample === name || sample.startsWith(`${name}{`)) && wanted.every((label) => sample.includes(label.trim()));
}
