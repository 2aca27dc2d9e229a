// A real server and real agents, as processes, in a temporary folder: what the integration, fault and interop tests
// drive from outside.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child, node, type Finished } from './child.js';
import { repository } from './source-tree.js';
import { until } from './until.js';

const serverCommand = join(repository, 'packages/server/bin/credence-server.js');
const agentCommand = join(repository, 'packages/agent/bin/credence-agent.js');

export const trustDomain = 'example.org';

interface ProcessOptions {
  /** Further flags. */
  readonly flags?: readonly string[];
  /** A command of the shell that becomes the process, such as `umask 077`. */
  readonly shell?: string;
}

export interface ServerOptions extends ProcessOptions {
  /** Keys of the configuration file's section `server`. */
  readonly config?: object;
  /** Keys of its section `plugins`. */
  readonly plugins?: object;
  /** Its further sections. */
  readonly sections?: object;
  /** What it mounts is seen by nobody else. Needs root. */
  readonly privateMounts?: boolean;
}

export interface AgentOptions extends ProcessOptions {
  readonly name?: string;
  /** Where the agent finds the server, if not at 127.0.0.1. */
  readonly serverAddress?: string;
  /** The same, if not at the server's own port. */
  readonly serverPort?: number;
  /** Keys of the configuration file's section `agent`. */
  readonly config?: object;
  /** Keys of its section `plugins`. */
  readonly plugins?: object;
  /** Its further sections. */
  readonly sections?: object;
  /** The alias that entries name as their parent. */
  readonly alias?: string;
  /** False: starts without a token, as after a restart. */
  readonly token?: boolean;
}

/** One trust domain in one folder. */
export class Deployment implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  readonly trustDomain: string;
  readonly #children: Child[] = [];

  private constructor(folder: string, port: number, name: string) {
    this.folder = folder;
    this.port = port;
    this.trustDomain = name;
  }

  static async create(name: string = trustDomain): Promise<Deployment> {
    const folder = await mkdtemp(join(tmpdir(), 'credence-test-'));
    await chmod(folder, 0o755);
    return new Deployment(folder, await freePort(), name);
  }

  get adminSocket(): string {
    return join(this.folder, 'server', 'admin.sock');
  }

  get serverDataDir(): string {
    return join(this.folder, 'server', 'data');
  }

  workloadSocket(agent = 'agent'): string {
    return join(this.folder, agent, 'public', 'api.sock');
  }

  agentDataDir(agent = 'agent'): string {
    return join(this.folder, agent, 'data');
  }

  /** Starts the server, and does not wait for anything. */
  async launchServer(options: ServerOptions = {}): Promise<Child> {
    const { config = {}, plugins = {}, sections = {}, flags = [], shell, privateMounts = false } = options;
    const args = ['--trust-domain', this.trustDomain, '--bind-address', '127.0.0.1', '--port', String(this.port)];
    args.push('--data-dir', this.serverDataDir, '--socket-path', this.adminSocket);
    args.push('--config', await this.#config('server', { server: config, plugins, ...sections }), ...flags);
    return this.track(run(serverCommand, args, shell, privateMounts ? ['unshare', '--mount'] : []));
  }

  /** Starts the server and waits until it is healthy. */
  async startServer(options: ServerOptions = {}): Promise<Child> {
    const server = await this.launchServer(options);
    await until('the server to serve', async () => {
      if (!server.running) throw new Error(`it ended: ${server.stdout}${server.stderr}`);
      return (await this.server('healthcheck')).code === 0;
    });
    return server;
  }

  /** Starts an agent, and does not wait for anything; entries name `spiffe://example.org/<name>` as parent. */
  async launchAgent(options: AgentOptions = {}): Promise<Child> {
    const { name = 'agent', config, plugins = {}, sections = {}, alias = `/${name}`, token = true } = options;
    const { serverAddress = '127.0.0.1', serverPort = this.port } = options;
    const args = [
      '--trust-domain',
      this.trustDomain,
      '--server-address',
      serverAddress,
      '--server-port',
      String(serverPort),
    ];
    args.push('--data-dir', this.agentDataDir(name), '--socket-path', this.workloadSocket(name));
    const agent = { experimental: { sync_interval: '200ms' }, ...config };
    args.push('--config', await this.#config(name, { agent, plugins, ...sections }));
    if (token) args.push(...(await this.joinFlags(alias)));
    args.push(...(options.flags ?? []));
    return this.track(run(agentCommand, args, options.shell));
  }

  /** Joins an agent by a token and waits until it serves. */
  async startAgent(options: AgentOptions = {}): Promise<Child> {
    const { name = 'agent' } = options;
    const agent = await this.launchAgent(options);
    await until(`agent ${name} to serve`, async () => {
      if (!agent.running) throw new Error(`it ended: ${agent.stdout}${agent.stderr}`);
      return (await this.agent('healthcheck', '--socket-path', this.workloadSocket(name))).code === 0;
    });
    return agent;
  }

  /** Runs `credence-server` on the admin socket. */
  server(...args: string[]): Promise<Finished> {
    return node(serverCommand, [...args, '--socket-path', this.adminSocket]).finished;
  }

  /** Runs `credence-server` with exactly these arguments. */
  serverAlone(...args: string[]): Promise<Finished> {
    return node(serverCommand, args).finished;
  }

  /** As `server`, but a failure of the command is an exception. */
  async admin(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.server(...args);
    if (code !== 0) throw new Error(`credence-server ${args.join(' ')}: exit ${String(code)}: ${stderr}`);
    return stdout;
  }

  /** Runs `credence-server run` with exactly these flags, until it ends. */
  runServer(flags: readonly string[]): Promise<Finished> {
    return this.track(run(serverCommand, flags)).finished;
  }

  /** Runs `credence-agent run` with exactly these flags, until it ends. */
  runAgent(flags: readonly string[]): Promise<Finished> {
    return this.track(run(agentCommand, flags)).finished;
  }

  agent(...args: string[]): Promise<Finished> {
    return node(agentCommand, args).finished;
  }

  /** Creates an entry for this process's user below the default agent; answers its ID. */
  async createEntry(path: string, ...flags: string[]): Promise<string> {
    const selector = flags.includes('--selector') ? [] : ['--selector', `unix:uid:${String(process.getuid?.())}`];
    const parent = flags.includes('--parent-id') ? [] : ['--parent-id', `spiffe://${this.trustDomain}/agent`];
    const out = await this.admin(
      ...['entry', 'create', '--spiffe-id', `spiffe://${this.trustDomain}${path}`, '--output', 'json'],
      ...[...selector, ...parent, ...flags],
    );
    const [result] = (JSON.parse(out) as { results: { entry: { id: string } }[] }).results;
    if (result === undefined) throw new Error(`no entry in ${out}`);
    return result.entry.id;
  }

  /** Ends the process with this test. */
  track(child: Child): Child {
    this.#children.push(child);
    return child;
  }

  /** Writes a configuration file (JSON is YAML) and answers its path. */
  async #config(name: string, content: object): Promise<string> {
    const path = join(this.folder, `${name}.yaml`);
    await writeFile(path, JSON.stringify(content));
    return path;
  }

  /** A new token and the bundle, as an agent is given them. */
  async joinFlags(alias = '/agent'): Promise<string[]> {
    return ['--join-token', await this.generateToken(alias), '--trust-bundle', await this.writeBundle()];
  }

  async generateToken(alias = '/agent'): Promise<string> {
    const answer = await this.admin('token', 'generate', '--spiffe-id', `spiffe://${this.trustDomain}${alias}`);
    return answer.split(' ')[1]?.trim() ?? '';
  }

  /** The file by which agents recognise the server. */
  async writeBundle(): Promise<string> {
    const path = join(this.folder, 'bundle.pem');
    await writeFile(path, await this.admin('bundle', 'show'));
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.reverse()) await child[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

// Whatever stands before the program becomes it, so that its process ID is the child's.
function run(script: string, args: readonly string[], shell = ':', wrapper: readonly string[] = []): Child {
  const words = [...wrapper, 'sh', '-c', `${shell}; exec "$0" "$@"`, process.execPath, script, 'run', ...args];
  return new Child(words[0] ?? 'sh', words.slice(1));
}

/** A port that nobody has just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}
