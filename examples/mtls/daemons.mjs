// A server for the trust domain example.org and agents that join it, in one folder, on loopback.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand, startDaemon, until } from './processes.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const serverCommand = join(root, 'packages/server/bin/credence-server.js');
const agentCommand = join(root, 'packages/agent/bin/credence-agent.js');

/** Where the folder's administrators, those of an agent, and workloads call. */
export const adminSocketIn = (folder) => join(folder, 'server', 'admin.sock');
export const agentAdminSocketIn = (folder, name = 'agent') => join(folder, name, 'private', 'admin.sock');
export const workloadSocketIn = (folder, name = 'agent') => join(folder, name, 'public', 'api.sock');

/** Runs `credence-server` on the folder's admin socket; answers what it printed. */
export function admin(folder, ...args) {
  return runCommand(serverCommand, [...args, '--socket-path', adminSocketIn(folder)]);
}

/** Starts the server, waits until it is healthy, and answers its port. */
export async function startServer(folder) {
  const port = await freePort();
  const args = ['--trust-domain', 'example.org', '--bind-address', '127.0.0.1', '--port', String(port)];
  startDaemon(
    serverCommand,
    ['run', ...args, '--data-dir', join(folder, 'server', 'data'), '--socket-path', adminSocketIn(folder)],
    join(folder, 'server.log'),
  );
  await until('credence-server', () =>
    existsSync(adminSocketIn(folder))
      ? admin(folder, 'healthcheck').then(
          () => true,
          () => undefined,
        )
      : undefined,
  );
  return port;
}

/** Starts an agent that joins with a one-time token; entries name `spiffe://example.org/<node>` as their parent. */
export async function startAgent(folder, port, node, name = 'agent') {
  const id = `spiffe://example.org/${node}`;
  const token = (await admin(folder, 'token', 'generate', '--spiffe-id', id)).split(' ')[1].trim();
  const tokenFile = join(folder, `${name}.token`);
  const bundleFile = join(folder, 'bundle.pem');
  const config = join(folder, `${name}.yaml`);
  writeFileSync(tokenFile, token, { mode: 0o600 });
  writeFileSync(bundleFile, await admin(folder, 'bundle', 'show'));
  // SVIDs of a few seconds want a synchronisation each second.
  const settings = { admin_socket_path: agentAdminSocketIn(folder, name), experimental: { sync_interval: '1s' } };
  writeFileSync(config, JSON.stringify({ agent: settings }));
  startDaemon(
    agentCommand,
    [
      ...['run', '--config', config, '--trust-domain', 'example.org'],
      ...['--server-address', '127.0.0.1', '--server-port', String(port)],
      ...['--join-token-file', tokenFile, '--trust-bundle', bundleFile],
      ...['--data-dir', join(folder, name, 'data'), '--socket-path', workloadSocketIn(folder, name)],
    ],
    join(folder, `${name}.log`),
  );
  await until('credence-agent', () => (existsSync(workloadSocketIn(folder, name)) ? true : undefined));
  rmSync(tokenFile);
}

/** A port that nobody has just now. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
