// Join token attestation: the token is the whole proof.
import { readFile } from 'node:fs/promises';
import { agentError } from '../../../domain/errors.js';
import type { NodeProver } from '../prover.js';

export type JoinTokenSource =
  { readonly kind: 'value'; readonly value: string } | { readonly kind: 'file'; readonly path: string };

/** Reads the token when it is needed; without one, it says how to get one. */
export class JoinTokenProver implements NodeProver {
  readonly type = 'join_token';
  readonly advice =
    'a join token works once and for a limited time: make a new one ("credence-server token generate"); ' +
    'a banned agent must be evicted first ("credence-server agent evict")';
  readonly #source: JoinTokenSource | undefined;

  constructor(source: JoinTokenSource | undefined) {
    this.#source = source;
  }

  /** The bytes of the token. */
  async payload(): Promise<Buffer> {
    const token = (await this.#read()).trim();
    if (token === '') throw agentError('ERR_BOOTSTRAP', 'the join token is empty');
    return Buffer.from(token, 'utf8');
  }

  respond(): Promise<Buffer> {
    return Promise.reject(
      agentError('ERR_BOOTSTRAP', 'the server challenged a join token, which has no answer to that'),
    );
  }

  async #read(): Promise<string> {
    if (this.#source === undefined) {
      throw agentError(
        'ERR_BOOTSTRAP',
        'this agent has no valid SVID stored and no join token to get one: make a token on the server with ' +
          '"credence-server token generate" and start the agent with --join-token or --join-token-file',
      );
    }
    if (this.#source.kind === 'value') return this.#source.value;
    const { path } = this.#source;
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      throw agentError('ERR_BOOTSTRAP', `the join token file ${path} cannot be read`, { cause: error });
    }
  }
}
