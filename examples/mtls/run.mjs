// The whole of Credence on one machine: a server, an agent, three programs that get their identities from it, calls
// over mutual TLS, a refusal, and a rotation under an open connection. Ends by itself, or with --keep on Ctrl-C.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { admin, adminSocketIn, agentAdminSocketIn, startAgent, startServer, workloadSocketIn } from './daemons.mjs';
import { startService, stopAll, until } from './processes.mjs';

const keep = process.argv.includes('--keep');
const root = fileURLToPath(new URL('../..', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'credence-'));
chmodSync(folder, 0o755); // the services' users reach the agent's socket
const adminSocket = adminSocketIn(folder);
const workloadSocket = workloadSocketIn(folder);
const started = performance.now();
const orders = { rotations: [], refusals: [] };
let ending = false;

// As root each program has a user ID of its own, and that is what the agent sees of it.
const asRoot = process.getuid() === 0;
const programs = { orders: 64_101, payments: 64_102, stranger: 64_103 };
const selector = (uid) => `unix:uid:${asRoot ? uid : process.getuid()}`;
const environment = (name) => ({
  SPIFFE_ENDPOINT_SOCKET: `unix://${workloadSocket}`,
  ...(asRoot && { DEMO_UID: String(programs[name]) }),
});

// Ctrl-C may arrive twice: from the terminal, and again from npm.
process.on('SIGINT', () => void end(keep ? 0 : 130));
process.on('SIGTERM', () => void end(143));
try {
  await startDaemons();
  await registerPrograms();
  const ordersPort = await startOrders();
  await refuseStranger(ordersPort);
  await rotateUnderLoad(ordersPort);
  if (keep) await keepRunning();
  else await end(0);
} catch (error) {
  if (!ending) await fail(error);
}

async function fail(error) {
  console.error(`\nThe demonstration failed: ${error.message}\nThe logs are in ${folder}.`);
  await stopAll();
  process.exit(1);
}

async function startDaemons() {
  const port = await startServer(folder);
  step('A server for the trust domain example.org', 'spiffe://example.org/spire/server', `127.0.0.1:${port}`);
  await startAgent(folder, port, 'node1');
  step('An agent that joined with a one-time token', 'spiffe://example.org/node1', `socket ${workloadSocket}`);
}

async function registerPrograms() {
  for (const [name, uid] of Object.entries(programs)) {
    await admin(
      folder,
      ...[
        'entry',
        'create',
        '--spiffe-id',
        `spiffe://example.org/${name}`,
        '--parent-id',
        'spiffe://example.org/node1',
      ],
      ...['--selector', selector(uid), '--x509-svid-ttl', '16', '--hint', name],
    );
  }
  step('Three registration entries', ...Object.keys(programs).map((name) => `spiffe://example.org/${name}`));
  if (!asRoot) note('you are not root: the three share your user ID, and each picks its identity by hint');
}

/** Identities for the other examples: whoever started this may be each, and picks by hint. */
async function registerExamples() {
  const entries = ['greeter', 'caller', 'database'].map((name) => ({
    spiffe_id: `spiffe://example.org/${name}`,
    parent_id: 'spiffe://example.org/node1',
    selectors: [{ type: 'unix', value: `uid:${process.getuid()}` }],
    hint: name,
    dns_names: [name],
  }));
  const file = join(folder, 'examples.json');
  writeFileSync(file, JSON.stringify({ entries }));
  await admin(folder, 'entry', 'create', '--data', file);
}

async function startOrders() {
  let port;
  startService(join(root, 'examples/mtls/orders.mjs'), environment('orders'), (event) => {
    if (event.listening) port = event.listening;
    if (event.rotated) orders.rotations.push(event.rotated);
    if (event.refused) orders.refusals.push(event.refused);
  });
  await until('orders', () => port);
  step('A service, orders, that lets only payments in', 'spiffe://example.org/orders', `https://127.0.0.1:${port}`);
  return port;
}

async function refuseStranger(port) {
  let failure;
  startService(join(root, 'examples/mtls/stranger.mjs'), { ...environment('stranger'), ORDERS_PORT: port }, (event) => {
    if (event.answer) throw new Error('orders answered the stranger');
    failure ??= event.failed;
  });
  await until('the stranger to be refused', () => (orders.refusals.length > 0 ? failure : undefined));
  step('A caller with another identity is refused', 'spiffe://example.org/stranger', 'no request reached the service');
}

async function rotateUnderLoad(port) {
  const seen = { answers: 0, failures: [], ticks: 0, rotations: [], greeting: undefined };
  startService(join(root, 'examples/mtls/payments.mjs'), { ...environment('payments'), ORDERS_PORT: port }, (event) => {
    if (event.tick) seen.ticks++;
    if (event.rotated) seen.rotations.push(event.rotated);
    if (event.failed ?? event.connectionLost) seen.failures.push(event.failed ?? event.connectionLost);
    if (event.answer) {
      seen.answers++;
      seen.greeting = event.answer;
    }
  });
  await until('payments to be answered', () => (seen.answers > 0 && seen.ticks > 0 ? true : undefined));
  step('A caller that is payments is served', `orders says: ${seen.greeting}`);
  const rotationsBefore = orders.rotations.length;
  await until('a rotation on both sides', () =>
    orders.rotations.length > rotationsBefore && seen.rotations.length > 0 ? true : undefined,
  );
  const at = { answers: seen.answers, ticks: seen.ticks };
  await until('calls after the rotation', () =>
    seen.answers >= at.answers + 10 && seen.ticks >= at.ticks + 10 ? true : undefined,
  );
  if (seen.failures.length > 0) throw new Error(`a call failed during the rotation: ${seen.failures[0]}`);
  step(
    'Both SVIDs rotated while calls went on',
    `${seen.answers} calls, none failed; a connection opened before the rotation is still open (${seen.ticks} messages)`,
    `orders now shows serial ${orders.rotations.at(-1)}…, payments ${seen.rotations.at(-1)}…`,
  );
}

async function keepRunning() {
  await registerExamples();
  console.log(`
Everything stays up until Ctrl-C. To try next, from this folder:

  npx credence-server entry show --socket-path ${adminSocket}
  npx credence-server agent list --socket-path ${adminSocket}
  npx credence-server entry create --socket-path ${adminSocket} \\
      --spiffe-id spiffe://example.org/me --parent-id spiffe://example.org/node1 --selector unix:uid:${process.getuid()}
  npx credence-agent api fetch x509 --socket-path ${workloadSocket}
  npx credence-agent api watch --socket-path ${workloadSocket}
  npx credence-agent explain --pid $$ --socket-path ${agentAdminSocketIn(folder)}

The other examples run beside it, each by one command (examples/README.md lists them):

  export SPIFFE_ENDPOINT_SOCKET=unix://${workloadSocket}
  node examples/https/run.mjs

The logs are in ${folder}.`);
}

async function end(code) {
  if (ending) return;
  ending = true;
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
  if (!keep && code === 0)
    console.log(`\nDone in ${((performance.now() - started) / 1000).toFixed(1)} s; nothing is left behind.`);
  process.exit(code);
}

function step(title, ...lines) {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(4);
  console.log(`\n${seconds} s  ${title}`);
  for (const line of lines) console.log(`        ${line}`);
}

function note(text) {
  console.log(`        (${text})`);
}
