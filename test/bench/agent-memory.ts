// The resident memory of an agent: idle, and with 1,000 open FetchX509SVID streams, each on a connection of its own.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { credentials, Metadata } from '@grpc/grpc-js';
import { workloadApi } from '@credence/sdk/wire';
import { Deployment } from '../support/deployment.js';
import { printTable } from './measure/table.js';

const streams = 1000;

await using deployment = await Deployment.create();
await deployment.startServer();
const agent = await deployment.startAgent();
await deployment.createEntry('/bench');

const mebibytes = (): string => {
  const status = readFileSync(`/proc/${String(agent.pid)}/status`, 'utf8');
  return `${(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024).toFixed(0)} MiB`;
};

await sleep(3000);
const rows: [string, string][] = [['idle', mebibytes()]];

const header = new Metadata();
header.set('workload.spiffe.io', 'true');
const started = performance.now();
const clients = await Promise.all(
  Array.from({ length: streams }, async () => {
    const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.enable_channelz': 0 };
    const address = `unix://${deployment.workloadSocket()}`;
    const client = workloadApi.createClient(address, credentials.createInsecure(), options);
    await new Promise((resolve, reject) => {
      client.FetchX509SVID({}, header).once('data', resolve).on('error', reject);
    });
    return client;
  }),
);
rows.push([
  `${String(streams)} streams opened and answered in`,
  `${((performance.now() - started) / 1000).toFixed(1)} s`,
]);
await sleep(3000);
rows.push([`with ${String(streams)} open streams`, mebibytes()]);
for (const client of clients) client.close();
printTable('Agent, resident memory', rows);
