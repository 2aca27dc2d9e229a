// A server and an agent of either maker on loopback, as they are installed but for the rate limits, which are off: SQLite,
// keys on disk, the log at `info`.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toPem } from '@credence/sdk/x509';
import { programAt } from '../../interop/programs.js';
import { Admin } from '../../support/admin.js';
import { Child } from '../../support/child.js';
import { Deployment, trustDomain } from '../../support/deployment.js';
import { call, isListening } from '../../support/grpc.js';
import { until } from '../../support/until.js';
import { watchingWorkload } from '../../support/watching-workload.js';

interface Maker {
  launchServer(deployment: Deployment): Promise<Child>;
  launchAgent(deployment: Deployment, token: string, bundle: string): Promise<Child>;
}

export const makerNames = ['Credence', 'SPIRE'] as const;
export type MakerName = (typeof makerNames)[number];

/** A running pair, in which this process is the workload `/workload`. */
export class System implements AsyncDisposable {
  readonly name: MakerName;
  readonly deployment: Deployment;
  /** From its start to the first answer on its admin socket, in milliseconds. */
  readonly serverStartMs: number;
  /** From its start to the first X.509-SVID of a workload, in milliseconds. */
  readonly agentStartMs: number;
  readonly agent: Child;
  /** The path of the agent. */
  readonly parent: string;
  #server: Child;

  private constructor(fields: Pick<System, 'name' | 'deployment' | 'agent' | 'parent' | keyof Times>, server: Child) {
    this.name = fields.name;
    this.deployment = fields.deployment;
    this.serverStartMs = fields.serverStartMs;
    this.agentStartMs = fields.agentStartMs;
    this.agent = fields.agent;
    this.parent = fields.parent;
    this.#server = server;
  }

  /** From nothing. */
  static async start(name: MakerName): Promise<System> {
    const deployment = await Deployment.create();
    try {
      return await System.#start(name, deployment);
    } catch (error) {
      await deployment[Symbol.asyncDispose]();
      throw error;
    }
  }

  static async #start(name: MakerName, deployment: Deployment): Promise<System> {
    const server = await launchServer(name, deployment);
    const { token, parent, bundle } = await prepare(deployment);
    const started = performance.now();
    const agent = await makers[name].launchAgent(deployment, token, bundle);
    (await watchingWorkload(deployment.workloadSocket()))[Symbol.dispose]();
    const agentStartMs = performance.now() - started;
    const fields = { name, deployment, serverStartMs: server.ms, agentStartMs, agent, parent };
    return new System(fields, server.child);
  }

  get server(): Child {
    return this.#server;
  }

  async restartServer(): Promise<void> {
    await this.#server.stop();
    this.#server = (await launchServer(this.name, this.deployment)).child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.deployment[Symbol.asyncDispose]();
  }
}

type Times = Pick<System, 'serverStartMs' | 'agentStartMs'>;

async function launchServer(name: MakerName, deployment: Deployment): Promise<{ child: Child; ms: number }> {
  const started = performance.now();
  const child = await makers[name].launchServer(deployment);
  await until(
    'the server to answer',
    async () => {
      if (!child.running) throw new Error(`it ended: ${child.stdout}${child.stderr}`);
      if (!(await isListening(deployment.adminSocket))) return false;
      using admin = new Admin(deployment.adminSocket);
      return (await admin.authorities()).length > 0;
    },
    60,
  );
  return { child, ms: performance.now() - started };
}

/** A token for the agent, an entry below it, and the bundle in a file. */
async function prepare(deployment: Deployment): Promise<{ token: string; parent: string; bundle: string }> {
  using admin = new Admin(deployment.adminSocket);
  const token = await admin.generateToken();
  const parent = `/spire/agent/join_token/${token}`;
  const { results } = await call(admin.entries, 'BatchCreateEntry', {
    entries: [
      {
        spiffe_id: { trust_domain: trustDomain, path: '/workload' },
        parent_id: { trust_domain: trustDomain, path: parent },
        selectors: [{ type: 'unix', value: `uid:${String(process.getuid?.())}` }],
      },
    ],
  });
  if (results[0]?.status?.code !== 0) throw new Error(JSON.stringify(results));
  const bundle = join(deployment.folder, 'bundle.pem');
  await writeFile(bundle, (await admin.authorities()).map((der) => toPem(der, 'CERTIFICATE')).join(''));
  return { token, parent, bundle };
}

const credence: Maker = {
  launchServer: (deployment) =>
    deployment.launchServer({ config: { ratelimit: { signing: false, attestation: false } } }),
  launchAgent: (deployment, token, bundle) =>
    deployment.launchAgent({
      token: false,
      config: { experimental: { ratelimit: { fetch_x509_svid: 0, fetch_jwt_svid: 0 } } },
      flags: ['--join-token', token, '--trust-bundle', bundle],
    }),
};

const spire: Maker = {
  async launchServer(deployment) {
    const folder = deployment.serverDataDir;
    await mkdir(folder, { recursive: true });
    const config = join(deployment.folder, 'spire-server.conf');
    await writeFile(
      config,
      `
server {
  bind_address = "127.0.0.1"
  bind_port = "${deployment.port}"
  trust_domain = "${trustDomain}"
  data_dir = "${folder}"
  socket_path = "${deployment.adminSocket}"
  ratelimit { attestation = false, signing = false }
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3", connection_string = "${folder}/datastore.sqlite3" } }
  KeyManager "disk" { plugin_data { keys_path = "${folder}/keys.json" } }
  NodeAttestor "join_token" { plugin_data {} }
}`,
    );
    return deployment.track(new Child(programAt('spire-server'), ['run', '-config', config]));
  },
  async launchAgent(deployment, token, bundle) {
    const folder = deployment.agentDataDir();
    await mkdir(folder, { recursive: true });
    const config = join(deployment.folder, 'spire-agent.conf');
    await writeFile(
      config,
      `
agent {
  data_dir = "${folder}"
  server_address = "127.0.0.1"
  server_port = "${deployment.port}"
  socket_path = "${deployment.workloadSocket()}"
  trust_bundle_path = "${bundle}"
  trust_domain = "${trustDomain}"
}
plugins {
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "disk" { plugin_data { directory = "${folder}" } }
  WorkloadAttestor "unix" { plugin_data {} }
}`,
    );
    return deployment.track(new Child(programAt('spire-agent'), ['run', '-config', config, '-joinToken', token]));
  },
};

const makers: Readonly<Record<MakerName, Maker>> = { Credence: credence, SPIRE: spire };
