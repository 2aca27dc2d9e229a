// The same load on our server and agent and on SPIRE's, in turn: what it prints is the table of docs/performance.md. With
// --short the loads are too short to say anything.
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programAt } from '../../interop/programs.js';
import { repository } from '../../support/source-tree.js';
import { residentMiB } from '../../support/memory.js';
import { Load, type LoadCommand } from './load.js';
import { RatioTable } from './ratio-table.js';
import { makerNames, System } from './systems.js';

type Case = readonly [what: string, command: LoadCommand];

const short = process.argv.includes('--short');
const rounds = short ? 1 : 3;
const ms = short ? 300 : 3000;
const quietMs = short ? 300 : 6000;
const streams = short ? 50 : 1000;
const newcomers = short ? 3 : 40;

const rates: readonly Case[] = [
  ['X.509-SVIDs by `BatchNewX509SVID`, 1 a call, 16 calls at a time', { do: 'x509', size: 1, lanes: 16, ms }],
  ['X.509-SVIDs, 10 a call, 4 calls at a time', { do: 'x509', size: 10, lanes: 4, ms }],
  ['X.509-SVIDs, 500 a call, 2 calls at a time', { do: 'x509', size: 500, lanes: 2, ms }],
  ['`FetchJWTSVID` of one audience, 16 at a time', { do: 'jwt', lanes: 16, ms }],
  ['`FetchJWTSVID`, each of a new audience, 16 at a time', { do: 'jwt', fresh: true, lanes: 16, ms }],
];
// Twice each: 10,000.
const entries: readonly Case[] = [
  ['entries created, 1 a call, 16 calls at a time', { do: 'entries', size: 1, lanes: 16, count: short ? 16 : 500 }],
  ['entries created, 50 a call, 4 calls at a time', { do: 'entries', size: 50, lanes: 4, count: short ? 200 : 4500 }],
];

const started = performance.now();
const table = new RatioTable();
let pairs: readonly Pair[] = [];
try {
  for (const measure of [coldStarts, idle, openStreams, latency, loads, manyEntries]) {
    console.error(`bench:spire: ${measure.name}`);
    await measure();
  }
} finally {
  await stop();
}
const versions = JSON.parse(readFileSync(join(repository, 'test/interop/versions.json'), 'utf8')) as { spire: string };
const seconds = ((performance.now() - started) / 1000).toFixed(0);
const [cpu] = cpus();
const machine = `${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'})`;
const today = new Date().toISOString().slice(0, 10);
console.log(`${today}, ${machine}, Node ${process.versions.node}, SPIRE ${versions.spire}, in ${seconds} s\n`);
console.log(table.toString());

interface Pair {
  readonly system: System;
  readonly load: Load;
}

/** Several of each; the last ones run on. */
async function coldStarts(): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await stop();
    for (const name of makerNames) {
      const system = await System.start(name);
      pairs = [...pairs, { system, load: new Load(programAt('load'), system) }];
      table.less('cold start: server, to its first answer', 'ms', name, system.serverStartMs);
      table.less('cold start: agent, to the first X.509-SVID', 'ms', name, system.agentStartMs);
    }
  }
}

async function stop(): Promise<void> {
  for (const { load, system } of pairs) {
    await load[Symbol.asyncDispose]();
    await system[Symbol.asyncDispose]();
  }
  pairs = [];
}

async function idle(): Promise<void> {
  await sleep(quietMs);
  for (const { system } of pairs) {
    table.less('resident memory: server, idle', 'MiB', system.name, residentMiB(system.server));
    table.less('resident memory: agent, idle', 'MiB', system.name, residentMiB(system.agent));
  }
}

async function openStreams(): Promise<void> {
  const what = `resident memory: agent, ${streams.toLocaleString('en-US')} streams`;
  for (const { system, load } of pairs) {
    await load.tell({ do: 'streams', count: streams });
    await sleep(quietMs / 2);
    table.less(what, 'MiB', system.name, residentMiB(system.agent));
    await load.tell({ do: 'close' });
  }
}

async function latency(): Promise<void> {
  for (const { system, load } of pairs) {
    const { p50 = NaN, max = NaN } = await load.tell({ do: 'latency', count: newcomers, ms: newcomers * 1000 });
    table.less('from an entry to its X.509-SVID, median', 'ms', system.name, p50);
    table.less(`from an entry to its X.509-SVID, longest of ${newcomers}`, 'ms', system.name, max);
  }
}

async function loads(): Promise<void> {
  for (let round = 0; round < rounds; round++) await inTurn(rates);
  for (let round = 0; round < 2; round++) await inTurn(entries);
}

async function inTurn(cases: readonly Case[]): Promise<void> {
  for (const [what, command] of cases) {
    for (const { system, load } of pairs) {
      const { perSecond = NaN } = await load.tell(command);
      table.more(what, '/s', system.name, perSecond);
    }
  }
}

async function manyEntries(): Promise<void> {
  for (const { system } of pairs) await system.restartServer();
  await sleep(quietMs);
  for (const { system } of pairs)
    table.less('resident memory: server, started with 10,000 entries', 'MiB', system.name, residentMiB(system.server));
}
