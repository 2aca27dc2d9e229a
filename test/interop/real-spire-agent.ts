// A real spire-agent beside a deployment: it joins whatever server answers at the deployment's port.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Certificate } from '@credence/sdk/x509';
import { Child, type Finished } from '../support/child.js';
import type { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';

export interface RealAgentOptions {
  /** Names its folder, as an agent of ours has one. */
  readonly name?: string;
  /** Further keys of the section `agent`. */
  readonly agent?: string;
  /** A block of the section `plugins`. */
  readonly nodeAttestor?: string;
}

/** One spire-agent where the deployment would have ours of that name; the trust domain's bundle is in `bundle.pem`. */
export class RealSpireAgent {
  readonly socket: string;
  readonly #deployment: Deployment;
  readonly #program: string;
  readonly #dataDir: string;
  readonly #configFile: string;

  private constructor(deployment: Deployment, program: string, name: string) {
    this.#deployment = deployment;
    this.#program = program;
    this.#dataDir = deployment.agentDataDir(name);
    this.#configFile = join(deployment.folder, `${name}.conf`);
    this.socket = deployment.workloadSocket(name);
  }

  static async create(
    deployment: Deployment,
    program: string,
    {
      name = 'spire-agent',
      agent = '',
      nodeAttestor = 'NodeAttestor "join_token" { plugin_data {} }',
    }: RealAgentOptions = {},
  ): Promise<RealSpireAgent> {
    const made = new RealSpireAgent(deployment, program, name);
    await writeFile(made.#configFile, made.#config(agent, nodeAttestor));
    return made;
  }

  #config(agent: string, nodeAttestor: string): string {
    return `
agent {
  data_dir = "${this.#dataDir}"
  log_level = "DEBUG"
  server_address = "127.0.0.1"
  server_port = "${String(this.#deployment.port)}"
  socket_path = "${this.socket}"
  trust_bundle_path = "${join(this.#deployment.folder, 'bundle.pem')}"
  trust_domain = "${this.#deployment.trustDomain}"
  experimental { sync_interval = "1s" }
  ${agent}
}
plugins {
  ${nodeAttestor}
  KeyManager "disk" { plugin_data { directory = "${this.#dataDir}" } }
  WorkloadAttestor "unix" { plugin_data {} }
}`;
  }

  /** Starts it, and does not wait for anything. */
  launch(...flags: string[]): Child {
    return this.#deployment.track(new Child(this.#program, ['run', '-config', this.#configFile, ...flags]));
  }

  /** Starts it and waits until it is healthy. */
  async start(...flags: string[]): Promise<Child> {
    const running = this.launch(...flags);
    await until(
      'spire-agent to serve',
      async () => {
        if (!running.running) throw new Error(`it ended: ${running.stdout.slice(-3000)}`);
        return (await new Child(this.#program, ['healthcheck', '-socketPath', this.socket]).finished).code === 0;
      },
      30,
    );
    return running;
  }

  /** Runs `spire-agent api` on its socket. */
  api(...args: string[]): Promise<Finished> {
    return new Child(this.#program, ['api', ...args, '-socketPath', this.socket]).finished;
  }

  /** Runs go-peer as its workload. */
  workload(goPeer: string, ...args: string[]): Child {
    return workloadOf(this.#deployment, this.socket, goPeer, ...args);
  }

  /** The agent's own X.509-SVID; undefined when it has none. */
  svid(): Promise<Certificate | undefined> {
    return storedSvid(this.#dataDir);
  }
}

/** The X.509-SVID that an agent, theirs or ours, stores as its own; undefined when it has none. */
export async function storedSvid(dataDir: string): Promise<Certificate | undefined> {
  const { svid } = JSON.parse(await readFile(join(dataDir, 'agent-data.json'), 'utf8')) as { svid?: string[] | null };
  return svid?.[0] === undefined ? undefined : Certificate.parsePem(Buffer.from(svid[0], 'base64').toString())[0];
}

/** Runs go-peer as a workload of the agent at this socket. */
export function workloadOf(deployment: Deployment, socket: string, goPeer: string, ...args: string[]): Child {
  const env = { ...process.env, SPIFFE_ENDPOINT_SOCKET: `unix://${socket}` };
  return deployment.track(new Child(goPeer, args, { env }));
}

/** The last SPIFFE IDs that `go-peer watch` printed; empty text: none so far. */
export function lastIds(watch: Child): string {
  const ids = watch.reports.findLast((report) => 'ids' in report)?.['ids'] as readonly string[] | undefined;
  return ids?.join() ?? '';
}
