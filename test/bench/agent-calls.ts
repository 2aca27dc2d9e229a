// What the calls of workloads cost an agent: JWT-SVIDs from its cache and new ones, through a real server with rate limits
// off; connections; and the attestation of a process, alone.
import { silentLogger, systemClock } from '@credence/sdk/runtime';
import { healthApi, workloadApi } from '@credence/sdk/wire';
import { ProcWorkloadAttestation } from '../../packages/agent/dist/attestation/workload/proc-workload-attestation.js';
import { readExecutable, readStartTime } from '../../packages/agent/dist/attestation/workload/process.js';
import { createWorkloadAttestors } from '../../packages/agent/dist/attestation/workload/workload-attestors.js';
import { Deployment } from '../support/deployment.js';
import { watchingWorkload } from '../support/watching-workload.js';
import { PlainCaller } from './measure/plain-caller.js';
import { processorMs } from './measure/processor-time.js';
import { perSecond, printTable, runFor } from './measure/table.js';

const lanes = 16;
const rows: [string, string][] = [];

await using deployment = await Deployment.create();
await deployment.startServer({ config: { ratelimit: { signing: false, attestation: false } } });
await deployment.createEntry('/bench');
const agent = await deployment.startAgent({
  config: { experimental: { ratelimit: { fetch_x509_svid: 0, fetch_jwt_svid: 0 } } },
});
(await watchingWorkload(deployment.workloadSocket()))[Symbol.dispose]();

const { FetchJWTSVID: fetchJwt } = workloadApi.definition;
const { Check: checkHealth } = healthApi.definition;
const jwtFor = (audience: string): Buffer => fetchJwt.requestSerialize({ audience: [audience], spiffe_id: '' });
const health = checkHealth.requestSerialize({ service: '' });
const connect = (): PlainCaller => new PlainCaller(deployment.workloadSocket());

{
  using caller = connect();
  let audiences = 0;
  await measure('FetchJWTSVID, from the cache', () => caller.call(fetchJwt.path, jwtFor('bench')));
  await measure('FetchJWTSVID, each of a new audience', () =>
    caller.call(fetchJwt.path, jwtFor(`bench-${++audiences}`)),
  );
  await measure('health check, which attests nobody', () => caller.call(checkHealth.path, health));
}
await measure('connection, with a health check', async () => {
  using caller = connect();
  await caller.call(checkHealth.path, health);
});
await measure('connection, with FetchJWTSVID from the cache', async () => {
  using caller = connect();
  await caller.call(fetchJwt.path, jwtFor('bench'));
});
await attestAlone();
printTable(`Calls on an agent, ${lanes} at a time; in parentheses, of the agent's processor`, rows);

async function measure(what: string, work: () => Promise<void>): Promise<void> {
  await runFor(1000, lanes, work);
  const before = processorMs(agent);
  const { runs, ms } = await runFor(4000, lanes, work);
  const micros = ((processorMs(agent) - before) * 1000) / runs;
  rows.push([what, `${perSecond(runs, ms)} (${micros.toFixed(0)} µs each)`]);
}

/** In this process, of this process. */
async function attestAlone(): Promise<void> {
  const procPath = '/proc';
  const attestation = new ProcWorkloadAttestation({
    clock: systemClock,
    log: silentLogger,
    attestors: createWorkloadAttestors({
      clock: systemClock,
      log: silentLogger,
      procPath,
      unixAttestor: { discoverWorkloadPath: false, workloadSizeLimit: 0 },
      dockerAttestor: undefined,
      systemdAttestor: undefined,
      dataDir: '/nowhere',
    }),
    procPath,
  });
  const { pid } = process;
  const self = {
    pid,
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
    startTime: readStartTime(procPath, pid),
    executable: readExecutable(procPath, pid),
    isAlive: () => true,
  };
  const { signal } = new AbortController();
  const one = async (): Promise<void> => {
    await attestation.attest(self, signal);
  };
  await runFor(500, 1, one);
  const { runs, ms } = await runFor(2000, 1, one);
  rows.push(['attestation by `unix`, alone', `${((ms * 1000) / runs).toFixed(0)} µs`]);
}
