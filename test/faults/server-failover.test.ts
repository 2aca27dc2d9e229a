// A server behind a name with several addresses: one of them fails, and the agent goes on at another.
import assert from 'node:assert/strict';
import { Front } from '../../packages/agent/dist-test/support/front.js';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { watchingWorkload } from '../support/watching-workload.js';

const addresses = ['127.0.0.2', '::1'] as const;

describe('a server with several addresses', () => {
  it('is left within five seconds for another when one address refuses, and when one falls silent', async () => {
    await using deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.createEntry('/first');
    const fronts: Front[] = [];
    for (const address of addresses) fronts.push(await Front.open(address, deployment.port));
    try {
      const preload = new URL('../support/resolve-to.js', import.meta.url).href;
      await deployment.launchAgent({
        serverAddress: 'server.test',
        // Rounds are rare: what arrives in time has been rung for.
        config: { experimental: { sync_interval: '1h' } },
        shell: `export CREDENCE_TEST_ADDRESSES=${addresses.join(',')} NODE_OPTIONS='--import ${preload}'`,
      });
      using workload = await watchingWorkload(deployment.workloadSocket());
      await workload.waitFor('/first');

      const used = (): Front => fronts.find(({ open }) => open > 0)!;
      const before = used();
      const after = fronts.find((front) => front !== before)!;
      await before.close();
      await within(5000, 'the agent to be at the other address', () => after.open > 0);
      await deployment.createEntry('/second');
      await within(5000, 'the second', () => workload.waitFor('/first', '/second').then(() => true));

      await before.reopen();
      after.freeze();
      await deployment.createEntry('/third');
      await within(7000, 'the third', () => workload.waitFor('/first', '/second', '/third').then(() => true));
      assert.ok(before.open > 0);
      assert.equal(workload.ending, undefined);
    } finally {
      for (const front of fronts) await front[Symbol.asyncDispose]();
    }
  }).timeout(40_000);
});

async function within(ms: number, what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const begun = performance.now();
  await until(what, condition);
  assert.ok(performance.now() - begun < ms, `${what} took ${Math.round(performance.now() - begun)} ms`);
}
