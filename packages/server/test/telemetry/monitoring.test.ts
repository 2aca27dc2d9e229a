import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { silentLogger } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { TrustDomain } from '@credence/sdk';
import { Monitoring, type MonitoredParts } from '../../dist/telemetry/monitoring.js';
import { RecordingLogger } from '../ca/support/recording-logger.js';

const trustDomain = TrustDomain.parse('example.org');
const parts: MonitoredParts = {
  authority: { isReady: true, lifetimes: [] },
  entries: { count: () => Promise.resolve(3) },
  agents: { count: ({ expiresBefore }) => Promise.resolve(expiresBefore === undefined ? 5 : 2) },
  bundles: { get: () => Promise.resolve({}) },
};

describe('readiness', () => {
  let monitoring: Monitoring;
  let log: RecordingLogger;
  let base: string;

  beforeEach(async () => {
    log = new RecordingLogger();
    const place = { host: '127.0.0.1', port: 0 };
    const healthChecks = { ...place, livePath: '/live', readyPath: '/ready' };
    monitoring = new Monitoring({ clock: new ManualClock(), log, trustDomain, metrics: place, healthChecks });
    await monitoring.listen();
    const { port } = log.lines.find(({ message }) => message === 'http listener is ready')!.fields as { port: number };
    base = `http://127.0.0.1:${String(port)}`;
  });

  afterEach(() => monitoring[Symbol.asyncDispose]());

  const ready = async (): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${base}/ready`);
    return { status: response.status, body: await response.json() };
  };

  it('begins when the server serves, and ends when it stops; it lives before and after', async () => {
    const statuses: number[] = [];
    const note = async (): Promise<void> => {
      statuses.push((await ready()).status, (await fetch(`${base}/live`)).status);
    };
    await note();
    monitoring.serving(parts);
    await note();
    monitoring.stopping();
    await note();
    assert.deepEqual(statuses, [500, 200, 200, 200, 500, 200]);
  });

  const failures: [name: string, broken: Partial<MonitoredParts>, check: string][] = [
    ['no authority is live', { authority: { isReady: false, lifetimes: [] } }, 'server.ca'],
    [
      'the datastore fails',
      { bundles: { get: () => Promise.reject(new Error('/var/lib/secret')) } },
      'catalog.datastore',
    ],
    ['the own bundle is missing', { bundles: { get: () => Promise.resolve(undefined) } }, 'catalog.datastore'],
  ];
  for (const [name, broken, check] of failures) {
    it(`is not there when ${name}, and the reason is in the log only`, async () => {
      monitoring.serving({ ...parts, ...broken });
      const { status, body } = await ready();
      assert.equal(status, 500);
      assert.deepEqual(
        Object.entries(body as object)
          .filter(([, result]) => 'err' in (result as object))
          .map(([key]) => key),
        [check],
      );
      assert.ok(!JSON.stringify(body).includes('secret'));
      assert.equal(
        (log.lines.find(({ message }) => message === 'not ready')?.fields as { check?: string } | undefined)?.check,
        check,
      );
    });
  }

  it('is told while somebody else holds all connections', async () => {
    const port = Number(new URL(base).port);
    const held = Array.from({ length: 64 }, () => connect({ host: '127.0.0.1', port }));
    try {
      await Promise.all(
        held.map((socket) =>
          once(
            socket.on('error', () => undefined),
            'connect',
          ),
        ),
      );
      assert.equal((await fetch(`${base}/live`)).status, 200);
    } finally {
      for (const socket of held) socket.destroy();
    }
  });

  it('leaves out of the metrics what cannot be measured', async () => {
    const value = async (): Promise<string | undefined> =>
      /^credence_server_(?:entries|agents) .*$/gm.exec(await (await fetch(`${base}/metrics`)).text())?.[0];
    assert.equal(await value(), undefined);
    monitoring.serving(parts);
    assert.equal(await value(), 'credence_server_entries 3');
    monitoring.serving({ ...parts, entries: { count: () => Promise.reject(new Error()) } });
    assert.equal(await value(), 'credence_server_agents 3');
  });
});

describe('monitoring that is switched off', () => {
  it('neither listens nor counts', async () => {
    const off = { clock: new ManualClock(), log: silentLogger, metrics: undefined, healthChecks: undefined };
    await using monitoring = new Monitoring({ ...off, trustDomain });
    await monitoring.listen();
    assert.equal(monitoring.metrics, undefined);
    assert.equal(monitoring.counting('jwt_svid', (request: number) => request + 1)(1), 2);
  });
});
