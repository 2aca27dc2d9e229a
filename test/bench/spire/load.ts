// The one client of both systems: a program in Go, because a client in Node needs more of the processor for a call than
// the servers that it measures. load/main.go says what it can be told.
import { createInterface } from 'node:readline';
import { Child } from '../../support/child.js';
import type { System } from './systems.js';

export interface LoadCommand {
  readonly do: 'streams' | 'close' | 'latency' | 'x509' | 'entries' | 'jwt';
  readonly count?: number;
  readonly size?: number;
  readonly lanes?: number;
  readonly ms?: number;
  readonly fresh?: boolean;
}

export interface LoadAnswer {
  readonly perSecond?: number;
  /** In milliseconds, as the next. */
  readonly p50?: number;
  readonly max?: number;
}

export class Load implements AsyncDisposable {
  readonly #child: Child;
  readonly #answers: AsyncIterator<string>;

  constructor(program: string, { deployment, parent }: Pick<System, 'deployment' | 'parent'>) {
    this.#child = new Child(program, [
      ...['-admin', deployment.adminSocket, '-server', `127.0.0.1:${deployment.port}`],
      ...['-workload', deployment.workloadSocket(), '-parent', parent],
    ]);
    const { stdout } = this.#child.process;
    if (stdout === null) throw new Error('the load has no output');
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  async tell(command: LoadCommand): Promise<LoadAnswer> {
    this.#child.process.stdin?.write(`${JSON.stringify(command)}\n`);
    const line = await this.#answers.next();
    if (line.done === true) throw new Error(`the load ended: ${this.#child.stderr}`);
    const answer = JSON.parse(line.value) as LoadAnswer & { readonly error?: string };
    if (answer.error !== undefined) throw new Error(`${JSON.stringify(command)}: ${answer.error}`);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
