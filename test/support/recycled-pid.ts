// A process dies, and its number is given to a process of another user, while its connection is in the hands of a third:
// what the agent answers on that connection, on standard output. Runs as the first process of a PID namespace, where it
// may say which number comes next.
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { silentLogger, systemClock, systemRandom } from '@credence/sdk/runtime';
import { ProcWorkloadAttestation } from '../../packages/agent/dist/attestation/workload/proc-workload-attestation.js';
import { createWorkloadAttestors } from '../../packages/agent/dist/attestation/workload/workload-attestors.js';
import { WorkloadEndpoint } from '../../packages/agent/dist/endpoints/workload-endpoint.js';
import { defaultAgentSettings } from '../../packages/agent/dist/settings.js';
import { Child } from './child.js';
import { WorkloadProcess } from './workload-process.js';

export interface RecycledPid {
  /** Whether the number was given to another process in time. */
  readonly recycled: boolean;
  /** Whom the agent attested, by user, in the order of the calls. */
  readonly attested: readonly string[];
  /** How the calls ended: a gRPC status, or the connection. */
  readonly endings: readonly (number | 'closed')[];
}

const self = fileURLToPath(import.meta.url);

/** Needs root. */
export function recyclePid(): Child {
  return new Child('unshare', ['--pid', '--fork', '--mount-proc', '--kill-child', process.execPath, self]);
}

async function play(): Promise<RecycledPid> {
  const folder = await mkdtemp(join(tmpdir(), 'credence-recycled-'));
  const socketPath = join(folder, 'api.sock');
  const attested: string[] = [];
  const ports = { clock: systemClock, random: systemRandom, log: silentLogger, procPath: '/proc' };
  const attestors = createWorkloadAttestors({ ...ports, ...defaultAgentSettings, dataDir: '/nowhere' });
  const real = new ProcWorkloadAttestation({ ...ports, attestors });
  await using endpoint = new WorkloadEndpoint({
    ...ports,
    attestation: {
      attest: async (process, signal) => {
        const selectors = await real.attest(process, signal);
        attested.push(selectors.find(({ value }) => value.startsWith('uid:'))?.value ?? '');
        return selectors;
      },
    },
    snapshots: { watch: () => nothing(), entitlements: () => [], trusted: () => unused() },
    jwtSvids: { fetch: () => unused() },
    rules: defaultAgentSettings,
    services: defaultAgentSettings.services,
    rateLimits: defaultAgentSettings.rateLimits,
    socketPath,
  });
  await endpoint.start();
  const victim = await WorkloadProcess.start();
  // Closed by nobody: it stays in the hands of this process.
  const [first, second] = [await victim.connectAndHandOver(socketPath), await victim.connectAndHandOver(socketPath)];
  const endings = [await callOn(first)];
  await victim.kill();
  writeFileSync('/proc/sys/kernel/ns_last_pid', String(victim.pid - 1));
  await using successor = await WorkloadProcess.start();
  const recycled = successor.pid === victim.pid;
  await successor.become(65_534, 65_534);
  endings.push(await callOn(second));
  await rm(folder, { recursive: true, force: true });
  return { recycled, attested, endings };
}

function callOn(socket: Socket): Promise<number | 'closed'> {
  const session = connectHttp2('http://localhost', { createConnection: () => socket });
  session.on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/SpiffeWorkloadAPI/FetchX509SVID',
    'content-type': 'application/grpc',
    'workload.spiffe.io': 'true',
  });
  stream.on('error', () => undefined).end(Buffer.alloc(5));
  return new Promise((resolve) => {
    stream.once('response', (headers) => {
      resolve(Number(headers['grpc-status']));
    });
    socket.once('close', () => {
      resolve('closed');
    });
  });
}

async function* nothing(): AsyncGenerator<never> {
  // No snapshot: the call ends with UNAVAILABLE.
}

function unused(): never {
  throw new Error('unused');
}

if (process.argv[1] === self) {
  process.stdout.write(`${JSON.stringify(await play())}\n`);
  process.exit();
}
