import assert from 'node:assert/strict';
import { TrustDomain } from '@credence/sdk';
import { silentLogger } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { Monitoring } from '../../dist/telemetry/monitoring.js';
import type { Vitals } from '../../dist/telemetry/vitals.js';
import { RecordingLogger } from '../support/recording-logger.js';

const trustDomain = TrustDomain.parse('example.org');
const start = new Date('2026-01-01T00:00:00Z');
const at = (seconds: number): Date => new Date(start.getTime() + seconds * 1000);

const vitals: Vitals = {
  agentSvid: { notBefore: at(0), expiresAt: at(3600) },
  synchronizer: {
    record: {
      status: { lastSuccess: at(0), lastFailure: undefined, fromDiskSince: undefined },
      rounds: { succeeded: 3, failed: 2 },
    },
    watched: true,
  },
  entries: { entries: new Map([['one', {}]]) },
  keptX509Svids: [
    { notBefore: at(0), expiresAt: at(100) },
    { notBefore: at(0), expiresAt: at(10_000) },
  ],
  jwtSvids: { size: 4, served: { cached: 5, fresh: 6, old: 7 } },
};

describe('an agent that monitors ask', () => {
  let clock: ManualClock;
  let log: RecordingLogger;
  let monitoring: Monitoring;
  let base: string;

  beforeEach(async () => {
    clock = new ManualClock(start);
    log = new RecordingLogger();
    const place = { host: '127.0.0.1', port: 0 };
    const healthChecks = { ...place, livePath: '/live', readyPath: '/ready' };
    monitoring = new Monitoring({ clock, log, trustDomain, metrics: place, healthChecks, attestors: ['unix'] });
    await monitoring.listen();
    const { port } = log.records.find(({ message }) => message === 'http listener is ready')!.fields as {
      port: number;
    };
    base = `http://127.0.0.1:${port}`;
  });

  afterEach(() => monitoring[Symbol.asyncDispose]());

  const failing = async (): Promise<readonly string[]> => {
    const response = await fetch(`${base}/ready`);
    const checks = Object.entries((await response.json()) as Record<string, object>);
    const failed = checks.filter(([, result]) => 'err' in result).map(([name]) => name);
    assert.equal(response.status, failed.length === 0 ? 200 : 500);
    return failed;
  };
  const samples = async (): Promise<string> => (await fetch(`${base}/metrics`)).text();

  it('is ready from when it serves until it stops; it is alive before and after', async () => {
    assert.deepEqual(await failing(), ['agent', 'agent.svid', 'agent.workload_api']);
    monitoring.joined(vitals);
    assert.deepEqual(await failing(), ['agent', 'agent.workload_api']);
    monitoring.serving(() => Promise.resolve(true));
    assert.deepEqual(await failing(), []);
    monitoring.stopping();
    assert.deepEqual(await failing(), ['agent', 'agent.workload_api']);
    assert.equal((await fetch(`${base}/live`)).status, 200);
  });

  it('is not ready when its own SVID has expired, or when its Workload API does not answer', async () => {
    let answers = true;
    monitoring.joined(vitals);
    monitoring.serving(() => Promise.resolve(answers));
    assert.deepEqual(await failing(), []);
    answers = false;
    assert.deepEqual(await failing(), ['agent.workload_api']);
    answers = true;
    await clock.advance(3600 * 1000);
    assert.deepEqual(await failing(), ['agent.svid']);
  });

  const outages = [
    { lastSuccess: at(5), fromDiskSince: undefined, says: 'it last was at 2026-01-01T00:00:05.000Z' },
    {
      lastSuccess: undefined,
      fromDiskSince: at(1),
      says: 'it never was since it started; it serves what it had on disk',
    },
  ];
  for (const { says, ...since } of outages) {
    it(`stays ready out of sync with its server, and tells: ${says}`, async () => {
      monitoring.serving(() => Promise.resolve(true));
      const told = async (): Promise<unknown> =>
        ((await (await fetch(`${base}/ready`)).json()) as { agent: unknown }).agent;
      monitoring.joined(vitals);
      assert.deepEqual(await told(), {});
      const { rounds } = vitals.synchronizer.record;
      const status = { ...since, lastFailure: { at: at(9), message: 'no connection to 192.0.2.1' } };
      monitoring.joined({ ...vitals, synchronizer: { record: { status, rounds }, watched: false } });
      assert.deepEqual(await told(), { warning: `the agent is not in sync with its server; ${says}` });
      assert.deepEqual(await failing(), []);
    });
  }

  it('measures nothing before it has joined, and then how far it lags and what expires', async () => {
    assert.doesNotMatch(await samples(), /^credence_agent_(entries|sync_lag_seconds) /m);
    monitoring.joined(vitals);
    await clock.advance(90_000);
    const text = await samples();
    for (const line of [
      'credence_agent_sync_lag_seconds 90',
      'credence_agent_entries 1',
      'credence_agent_x509_svid_least_life_left_ratio 0.1',
      'credence_agent_x509_svids_expiring{within="0s"} 0',
      'credence_agent_x509_svids_expiring{within="1m"} 1',
      'credence_agent_x509_svids_expiring{within="1d"} 2',
      'credence_agent_seconds_to_expiry{subject="agent_svid"} 3510',
      'credence_agent_synchronizations_total{outcome="failed"} 2',
      'credence_agent_jwt_svids_served_total{from="old"} 7',
    ])
      assert.ok(text.includes(`${line}\n`), line);
    assert.match(await samples(), /outcome="failed"\} 2\n/, 'a total is not added to itself');
  });

  it('neither listens nor counts when it is switched off', async () => {
    const off = { clock, log: silentLogger, metrics: undefined, healthChecks: undefined, attestors: [] };
    await using silent = new Monitoring({ ...off, trustDomain });
    await silent.listen();
    assert.equal(silent.metrics, undefined);
  });
});
