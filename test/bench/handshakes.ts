// Mutual TLS handshakes a second, both ends in this process: the SDK against plain node:tls with the same certificates,
// in turn, so that the ratios hold on a noisy machine. Each handshake ends with the server's first byte at the client, and
// after the first both know each other's certificate, as peers do that come back.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect as connectPlain, createSecureContext, createServer as createPlain, type TLSSocket } from 'node:tls';
import { authorizeMemberOf } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { connect, createServer } from '@credence/sdk/tls';
import { perSecond, printTable, runFor } from './measure/table.js';

const rounds = 9;
const roundMs = 700;
const atOnce = 4;
const host = '127.0.0.1';

interface Contender {
  readonly name: string;
  readonly run: () => Promise<void>;
  /** Microseconds of CPU a handshake, both ends, by round: what it costs however busy the machine is. */
  readonly costs: number[];
  readonly rates: number[];
}

const root = await TestCa.create('example.org');
const shapes = [
  { shape: 'leaf', ca: root },
  { shape: 'leaf and intermediate', ca: await root.childCa() },
];
const greet = (socket: TLSSocket): void => {
  socket.on('error', () => undefined).write('x');
};

for (const { shape, ca } of shapes) {
  const [serverSvid, clientSvid] = [await ca.x509Svid('/server'), await ca.x509Svid('/client')];
  const contenders = [await plain(serverSvid, clientSvid), await ours(serverSvid, clientSvid)] as const;
  for (const { run } of contenders) await runFor(300, atOnce, run);
  for (let round = 0; round < rounds; round++) {
    for (const { run, costs, rates } of contenders) {
      const before = process.cpuUsage();
      const { runs, ms } = await runFor(roundMs, atOnce, run);
      const { user, system } = process.cpuUsage(before);
      rates.push((runs * 1000) / ms);
      costs.push((user + system) / runs);
    }
  }
  const [base] = contenders;
  printTable(
    `mTLS handshakes, P-256, ${shape}, median of ${rounds} rounds`,
    contenders.map(({ name, rates, costs }) => [
      name,
      `${perSecond(median(rates), 1000)}, ${Math.round(median(costs))} µs CPU, ${ratio(costs, base.costs)} of plain`,
    ]),
  );
}
process.exit();

async function plain(serverSvid: Svid, clientSvid: Svid): Promise<Contender> {
  const ca = root.bundle().toPem();
  const server = createPlain({ ...pem(serverSvid), ca, requestCert: true, rejectUnauthorized: true }, greet);
  const port = await listening(server);
  const secureContext = createSecureContext({ ...pem(clientSvid), ca });
  const run = async (): Promise<void> => {
    const socket = connectPlain({ host, port, secureContext, checkServerIdentity: () => undefined });
    await once(socket, 'data');
    socket.destroy();
  };
  return { name: 'node:tls', run, costs: [], rates: [] };
}

async function ours(serverSvid: Svid, clientSvid: Svid): Promise<Contender> {
  const authorize = authorizeMemberOf('example.org');
  const own = new StaticX509Source(serverSvid, [root.bundle()]);
  const client = new StaticX509Source(clientSvid, [root.bundle()]);
  const port = await listening(createServer({ svid: own, bundles: own, authorize }, greet));
  const run = async (): Promise<void> => {
    const socket = await connect({ host, port, svid: client, bundles: client, authorize });
    await once(socket, 'data');
    socket.destroy();
  };
  return { name: '@credence/sdk/tls', run, costs: [], rates: [] };
}

type Svid = Awaited<ReturnType<TestCa['x509Svid']>>;

function pem(svid: Svid): { readonly cert: string; readonly key: string } {
  return { cert: svid.certChainPem(), key: svid.privateKeyPem() };
}

async function listening(server: ReturnType<typeof createPlain>): Promise<number> {
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function ratio(values: readonly number[], base: readonly number[]): string {
  return `${median(values.map((value, i) => value / (base[i] ?? Number.NaN))).toFixed(2)}×`;
}

function median(values: readonly number[]): number {
  return values.toSorted((x, y) => x - y)[Math.floor(values.length / 2)] ?? Number.NaN;
}
