// A connection to a message bus, as the user that the agent is (D-Bus Specification, "Authentication Protocol", "Message
// Bus"). It calls one method at a time.
import { connect, type Socket } from 'node:net';
import { onAbort } from '@credence/sdk/runtime';
import { agentError } from '../../../domain/errors.js';
import {
  decodeMessage,
  encodeCall,
  fixedHeaderBytes,
  remainingBytes,
  type Message,
  type MethodCall,
} from './message.js';
import type { Value, ValueReader } from './values.js';

const longestLine = 1024;

const hello: MethodCall = {
  destination: 'org.freedesktop.DBus',
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  member: 'Hello',
  arguments: [],
};

/** An answer with an error: `name` is the one of D-Bus. */
export class BusError extends Error {
  constructor(name: string) {
    super(`the message bus answered ${name}`);
    this.name = name;
  }
}

export class MessageBus implements Disposable {
  readonly #socket: Socket;
  readonly #incoming: AsyncIterator<Buffer, undefined>;
  #received: Buffer = Buffer.alloc(0);
  #serial = 0;
  readonly #forgetSignal: () => void;

  private constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    this.#forgetSignal = onAbort(signal, () => socket.destroy(signal.reason as Error));
    this.#incoming = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  }

  /**
   * @param signal cuts the connection when it aborts.
   * @throws the error of the network, ERR_ATTESTATION when the bus does not follow the protocol, `signal.reason`.
   */
  static async connect(socketPath: string, signal: AbortSignal): Promise<MessageBus> {
    signal.throwIfAborted();
    const bus = new MessageBus(connect(socketPath), signal);
    try {
      await bus.#authenticate();
      await bus.call(hello, 's');
      return bus;
    } catch (error) {
      bus[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * The one value that a method returns.
   *
   * @param type of it: `s`, `o`, or `v` for a value that names its own type.
   * @throws BusError, ERR_ATTESTATION for an answer of another form, the error of the network, the signal's reason.
   */
  async call(call: MethodCall, type: 's' | 'o' | 'v'): Promise<Value> {
    this.#serial++;
    this.#socket.write(encodeCall(call, this.#serial));
    for (;;) {
      const message = await this.#message();
      if (message.kind === 'other' || message.replyTo !== this.#serial) continue;
      if (message.kind === 'error') throw new BusError(String(message.errorName));
      if (message.signature !== type) throw refusal(`returned ${String(message.signature)} from ${call.member}`);
      return onlyValue(message.body, type);
    }
  }

  [Symbol.dispose](): void {
    this.#forgetSignal();
    this.#socket.destroy();
  }

  // EXTERNAL: the kernel tells the bus whose connection it is.
  async #authenticate(): Promise<void> {
    const user = Buffer.from(String(process.geteuid?.())).toString('hex');
    this.#socket.write(`\0AUTH EXTERNAL ${user}\r\n`);
    const answer = await this.#line();
    if (!answer.startsWith('OK ')) throw refusal('does not let the agent in');
    this.#socket.write('BEGIN\r\n');
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end >= 0) return this.#consume(end + 2).toString('latin1', 0, end);
      if (this.#received.length > longestLine) throw refusal('sent a line that does not end');
      await this.#receive();
    }
  }

  async #message(): Promise<Message> {
    const fixed = await this.#take(fixedHeaderBytes);
    return decodeMessage(fixed, await this.#take(remainingBytes(fixed)));
  }

  async #take(count: number): Promise<Buffer> {
    while (this.#received.length < count) await this.#receive();
    return this.#consume(count);
  }

  #consume(count: number): Buffer {
    const bytes = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return bytes;
  }

  async #receive(): Promise<void> {
    const next = await this.#incoming.next();
    if (next.done === true) throw refusal('closed the connection');
    this.#received = Buffer.concat([this.#received, next.value]);
  }
}

function onlyValue(body: ValueReader, type: 's' | 'o' | 'v'): Value {
  const value = type === 'v' ? body.variant() : body.string();
  if (!body.ended) throw refusal('returned more than one value');
  return value;
}

function refusal(problem: string): Error {
  return agentError('ERR_ATTESTATION', `the message bus ${problem}`);
}
