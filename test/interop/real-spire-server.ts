// A real spire-server where a deployment would have ours: same folder, port, socket and trust domain.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, type Finished } from '../support/child.js';
import type { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { program } from './programs.js';

export interface RealServerOptions {
  /** Further keys of the section `server`. */
  readonly server?: string;
  /** A block of the section `plugins`. */
  readonly nodeAttestor?: string;
}

/** Runs a `spire-server` command on the admin socket. */
export interface SpireCommand {
  (...args: string[]): Promise<Finished>;
  /** Ends the server, and starts it on what it has on disk. */
  restart(): Promise<void>;
}

/** Starts it and waits until it is healthy; skips the test where the program is missing. */
export async function startSpireServer(
  context: Mocha.Context,
  deployment: Deployment,
  { server = '', nodeAttestor = 'NodeAttestor "join_token" { plugin_data {} }' }: RealServerOptions = {},
): Promise<SpireCommand> {
  const path = program(context, 'spire-server');
  const spire = (...args: string[]) => new Child(path, [...args, '-socketPath', deployment.adminSocket]).finished;
  const folder = join(deployment.folder, 'server');
  await mkdir(folder);
  const configFile = join(deployment.folder, 'spire-server.conf');
  await writeFile(
    configFile,
    `
server {
  bind_address = "127.0.0.1"
  bind_port = "${String(deployment.port)}"
  trust_domain = "${deployment.trustDomain}"
  data_dir = "${folder}"
  socket_path = "${deployment.adminSocket}"
  log_level = "DEBUG"
  ${server}
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3", connection_string = "${folder}/d.sqlite3" } }
  KeyManager "disk" { plugin_data { keys_path = "${folder}/keys.json" } }
  ${nodeAttestor}
}`,
  );
  const start = async (): Promise<Child> => {
    const running = deployment.track(new Child(path, ['run', '-config', configFile]));
    await until('spire-server to serve', async () => {
      if (!running.running) throw new Error(`it ended: ${running.stdout}`);
      return (await spire('healthcheck')).code === 0;
    });
    return running;
  };
  let running = await start();
  const restart = async (): Promise<void> => {
    await running.stop();
    running = await start();
  };
  return Object.assign(spire, { restart });
}
