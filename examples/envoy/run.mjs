// Two services that know plain HTTP only, with an Envoy beside each: the Envoys take their certificates from Credence's
// agents, and speak mutual TLS. Shows calls, a refusal and a rotation, and leaves the Envoys' configuration.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorkloadApiClient, X509Source, authorizeId } from '@credence/sdk';
import { SpiffeAgent } from '@credence/sdk/tls';
import { admin, freePort, startAgent, startServer, workloadSocketIn } from '../mtls/daemons.mjs';
import { startProgram, startService, stopAll, until } from '../mtls/processes.mjs';
import { findEnvoy } from './find-envoy.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const started = performance.now();
let folder;
let configurations;
let ending = false;

process.on('SIGINT', () => void end(130));
process.on('SIGTERM', () => void end(143));
try {
  const envoy = findEnvoy();
  folder = mkdtempSync(join(tmpdir(), 'credence-'));
  configurations = mkdtempSync(join(tmpdir(), 'credence-envoy-'));
  chmodSync(folder, 0o755);
  const ports = await choosePorts();
  await startDaemons();
  await register();
  await startServices(ports);
  await startEnvoys(envoy, ports);
  await callThrough(ports);
  await refuseStranger(ports);
  await rotateUnderCalls(ports);
  await end(0);
} catch (error) {
  if (!ending) await fail(error);
}

/** One for each port of the configuration files, and one for web itself. */
async function choosePorts() {
  const names = ['web', 'toApi', 'webAdmin', 'tls', 'api', 'apiAdmin'];
  const ports = {};
  for (const name of names) ports[name] = await freePort();
  return ports;
}

async function startDaemons() {
  const port = await startServer(folder);
  await startAgent(folder, port, 'node1', 'agent1');
  await startAgent(folder, port, 'node2', 'agent2');
  step('A server, and an agent on each of two nodes', 'spiffe://example.org/node1', 'spiffe://example.org/node2');
}

async function register() {
  const entries = { web: 'node1', stranger: 'node1', api: 'node2' };
  for (const [name, node] of Object.entries(entries)) {
    await admin(
      folder,
      ...['entry', 'create', '--spiffe-id', `spiffe://example.org/${name}`, '--hint', name],
      ...['--parent-id', `spiffe://example.org/${node}`, '--selector', `unix:uid:${process.getuid()}`],
      ...['--x509-svid-ttl', '16'],
    );
  }
  step('Three registration entries', 'web and stranger on node1, api on node2');
}

async function startServices({ web, api, toApi }) {
  const services = { web: { PORT: web, API: `http://127.0.0.1:${toApi}/` }, api: { PORT: api } };
  const listening = new Set();
  for (const [name, env] of Object.entries(services)) {
    startService(join(here, `${name}.mjs`), env, () => listening.add(name));
  }
  await until('the services', () => (listening.size === 2 ? true : undefined));
  step('Two services of plain HTTP', `web on 127.0.0.1:${web}`, `api on 127.0.0.1:${api}`);
}

async function startEnvoys({ command, version }, ports) {
  for (const [name, agent] of Object.entries({ web: 'agent1', api: 'agent2' })) {
    const config = join(configurations, `${name}.yaml`);
    writeFileSync(config, configuration(name, workloadSocketIn(folder, agent), ports));
    // Without hot restart it shares no memory with another Envoy of this machine.
    const flags = ['--disable-hot-restart', '--concurrency', '1', '--log-level', 'warning'];
    startProgram(command, ['-c', config, ...flags], join(folder, `envoy-${name}.log`));
  }
  const certificates = [await certificateOf(ports.webAdmin), await certificateOf(ports.apiAdmin)];
  step(`Two Envoys (${version}) that were given their certificates`, ...certificates.map(({ id }) => id));
}

/** The file that is there to be copied, with the socket and the ports of this run. */
function configuration(name, socket, { toApi, webAdmin, tls, api, apiAdmin }) {
  const chosen = { 9001: toApi, 9901: webAdmin, 8443: tls, 8080: api, 9902: apiAdmin };
  return readFileSync(join(here, `${name}.yaml`), 'utf8')
    .replace('/run/credence/agent/public/api.sock', socket)
    .replace(/(?<=port_value: )\d+/g, (port) => String(chosen[port]))
    .replace('max_connection_duration: 600s', 'max_connection_duration: 0.5s');
}

/** What an Envoy shows now, as its admin endpoint tells. */
function certificateOf(adminPort) {
  return until('Envoy to have a certificate', async () => {
    try {
      const { certificates } = await (await fetch(`http://127.0.0.1:${adminPort}/certs`)).json();
      const [leaf] = certificates.flatMap(({ cert_chain: chain }) => chain);
      return leaf && { id: leaf.subject_alt_names[0].uri, serial: leaf.serial_number.slice(0, 8) };
    } catch {
      return undefined; // It does not listen yet.
    }
  });
}

async function callThrough({ web }) {
  const answer = await until('web to be answered', () => call(web).catch(() => undefined));
  step('web calls api, through both Envoys', answer);
}

async function call(web) {
  const answer = await fetch(`http://127.0.0.1:${web}/`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

async function refuseStranger({ tls, apiAdmin }) {
  const client = new WorkloadApiClient({ address: `unix://${workloadSocketIn(folder, 'agent1')}` });
  const source = await X509Source.create({ client, hint: 'stranger', timeoutMs: 15_000 });
  const authorize = authorizeId('spiffe://example.org/api');
  const agent = new SpiffeAgent({ svid: source, bundles: source, authorize });
  const failure = await new Promise((resolve, reject) => {
    https
      .get({ host: '127.0.0.1', port: tls, agent }, () => reject(new Error('api answered the stranger')))
      .on('error', resolve);
  });
  source.close();
  const stats = await (await fetch(`http://127.0.0.1:${apiAdmin}/stats?filter=fail_verify_san`)).text();
  if (!/^listener\.\S+ssl\.fail_verify_san: 1$/m.test(stats)) throw failure;
  step('A caller with another identity is refused', 'spiffe://example.org/stranger', 'by its SAN; api saw no request');
}

async function rotateUnderCalls({ web, webAdmin, apiAdmin }) {
  const serials = async () => [(await certificateOf(webAdmin)).serial, (await certificateOf(apiAdmin)).serial];
  const before = await serials();
  let calls = 0;
  await until('a rotation on both sides', async () => {
    await call(web);
    calls++;
    const now = await serials();
    return now.every((serial, i) => serial !== before[i]) ? true : undefined;
  });
  const after = await serials();
  for (const end = calls + 50; calls < end; calls++) await call(web);
  step(
    'Both certificates rotated while calls went on',
    `${calls} calls, none failed`,
    `web showed serial ${before[0]}…, now ${after[0]}…`,
    `api showed serial ${before[1]}…, now ${after[1]}…`,
  );
}

async function fail(error) {
  const left = `The logs are in ${folder}, the configurations in ${configurations}.`;
  console.error(folder ? `\nThe demonstration failed: ${error.message}\n${left}` : error.message);
  await stopAll();
  process.exit(1);
}

/** The Envoys' configuration stays after a run to the end. */
async function end(code) {
  if (ending) return;
  ending = true;
  await stopAll();
  for (const made of [folder, ...(code === 0 ? [] : [configurations])]) {
    if (made) rmSync(made, { recursive: true, force: true });
  }
  if (code === 0) {
    console.log(`
Done in ${((performance.now() - started) / 1000).toFixed(1)} s. To copy: examples/envoy/web.yaml and api.yaml, with the default socket and ports.
As they ran here, they are left in:

  ${join(configurations, 'web.yaml')}
  ${join(configurations, 'api.yaml')}`);
  }
  process.exit(code);
}

function step(title, ...lines) {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(4);
  console.log(`\n${seconds} s  ${title}`);
  for (const line of lines) console.log(`        ${line}`);
}
