// A fake agent in a process of its own, which can be stopped in its tracks as a real one is by a debugger, a full machine
// or SIGSTOP: its connections stay open and nothing answers.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';

const self = fileURLToPath(import.meta.url);

export class FakeAgentProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly address: string;

  private constructor(child: ChildProcess, address: string) {
    this.#child = child;
    this.address = address;
  }

  /** An agent that serves an X.509-SVID with this path, and JWT-SVIDs. */
  static async start(path: string): Promise<FakeAgentProcess> {
    const child = fork(self, ['agent', path]);
    const [address] = (await once(child, 'message')) as [string];
    return new FakeAgentProcess(child, address);
  }

  hang(): void {
    this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#child.kill('SIGCONT');
  }

  /** Serves another path. */
  serve(path: string): void {
    this.#child.send(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.goOn();
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }
}

async function beAgent(path: string): Promise<void> {
  const ca = await TestCa.create('example.org');
  const fake = await FakeWorkloadApi.start();
  const serve = async (at: string): Promise<void> => {
    fake.setX509([await ca.x509Svid(at)], [ca.bundle()]);
  };
  await serve(path);
  fake.setJwt([ca.jwtBundle()], async ({ audience }) => [await ca.jwtSvid(path, { audience })]);
  process.on('message', (at: string) => void serve(at));
  process.on('disconnect', () => void fake[Symbol.asyncDispose]());
  process.send?.(fake.address);
}

if (process.argv[1] === self && process.argv[2] === 'agent') await beAgent(process.argv[3] ?? '/a');
