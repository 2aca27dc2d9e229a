// A workload in a process of its own, which does what it is told: WorkloadProcess in the test, and below it what runs
// in the child.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { workloadApi } from '@credence/sdk/wire';
import type { SpiffeWorkloadAPIClient } from '@credence/sdk/wire/gen/SpiffeWorkloadAPI.js';

export interface Fetched {
  readonly spiffeIds?: readonly string[];
  readonly code?: number;
}

type Command =
  | { readonly do: 'become'; readonly uid: number; readonly gid: number }
  | { readonly do: 'become for a while'; readonly uid: number }
  | { readonly do: 'connect'; readonly path: string }
  | { readonly do: 'fetch' }
  | { readonly do: 'connect and hand over'; readonly path: string };

const self = fileURLToPath(import.meta.url);

export class WorkloadProcess implements AsyncDisposable {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** @param wrapper what the process is started by, such as `unshare` with its arguments. */
  static async start(wrapper: readonly string[] = []): Promise<WorkloadProcess> {
    const [command, ...before] = [...wrapper, process.execPath];
    const child = spawn(command, [...before, self, 'workload'], {
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    return new WorkloadProcess(child);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** For good. Needs root. */
  async become(uid: number, gid: number): Promise<void> {
    await this.#tell({ do: 'become', uid, gid });
  }

  /** Only the effective user, so that it can be left again. Needs root. */
  async becomeForAWhile(uid: number): Promise<void> {
    await this.#tell({ do: 'become for a while', uid });
  }

  /** Opens the connection that `fetch` uses. */
  async connect(path: string): Promise<void> {
    await this.#tell({ do: 'connect', path });
  }

  /** The first answer to FetchX509SVID. */
  async fetch(): Promise<Fetched> {
    const [answer] = await this.#tell({ do: 'fetch' });
    return answer as Fetched;
  }

  /** A connection that this process opened, in the hands of the caller. */
  async connectAndHandOver(path: string): Promise<Socket> {
    const [, socket] = await this.#tell({ do: 'connect and hand over', path });
    return socket as Socket;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
    if (this.#child.connected) this.#child.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #tell(command: Command): Promise<unknown[]> {
    const answered = once(this.#child, 'message');
    this.#child.send(command);
    return answered;
  }
}

let client: SpiffeWorkloadAPIClient | undefined;

async function obey(command: Command): Promise<void> {
  switch (command.do) {
    case 'become':
      process.setgroups?.([]);
      process.setgid?.(command.gid);
      process.setuid?.(command.uid);
      process.send?.({});
      return;
    case 'become for a while':
      process.seteuid?.(command.uid);
      process.send?.({});
      return;
    case 'connect':
      client = await connectClient(command.path);
      process.send?.({});
      return;
    case 'fetch':
      process.send?.(await fetchOnce());
      return;
    case 'connect and hand over': {
      // Paused: what the agent says first belongs to whoever gets the connection.
      const socket = connect(command.path).pause();
      await once(socket, 'connect');
      process.send?.({}, socket);
    }
  }
}

function connectClient(path: string): Promise<SpiffeWorkloadAPIClient> {
  const connected = workloadApi.createClient(`unix:${path}`, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    connected.waitForReady(Date.now() + 10_000, (error) => {
      if (error === undefined) resolve(connected);
      else reject(error);
    });
  });
}

function fetchOnce(): Promise<Fetched> {
  const metadata = new Metadata();
  metadata.set('workload.spiffe.io', 'true');
  const call = client!.FetchX509SVID({}, metadata);
  return new Promise((resolve) => {
    call.once('data', ({ svids }: { svids: readonly { spiffe_id: string }[] }) => {
      resolve({ spiffeIds: svids.map((svid) => svid.spiffe_id) });
      call.cancel();
    });
    call.on('error', (error: ServiceError) => {
      resolve({ code: error.code });
    });
  });
}

if (process.argv[1] === self && process.argv[2] === 'workload') {
  process.on('message', (command: Command) => void obey(command));
  // A wrapper that is killed takes no child with it that has changed its user (prctl(2), PR_SET_PDEATHSIG).
  process.on('disconnect', () => process.exit());
  process.send?.({});
}
