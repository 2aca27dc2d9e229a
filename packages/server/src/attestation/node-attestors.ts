// The node attestors that this server accepts, by type.
import { serverError } from '../domain/errors.js';
import type { NodeAttestor } from './node-attestor.js';

export class NodeAttestors {
  readonly #byType: ReadonlyMap<string, NodeAttestor>;

  constructor(attestors: readonly NodeAttestor[]) {
    this.#byType = new Map(attestors.map((attestor) => [attestor.type, attestor]));
  }

  has(type: string): boolean {
    return this.#byType.has(type);
  }

  /** @throws `ERR_ATTESTOR_UNKNOWN` */
  get(type: string): NodeAttestor {
    const attestor = this.#byType.get(type);
    if (attestor !== undefined) return attestor;
    const shown = JSON.stringify(type.slice(0, 100));
    throw serverError(
      'ERR_ATTESTOR_UNKNOWN',
      `error getting node attestor: could not find node attestor type ${shown}`,
    );
  }
}
