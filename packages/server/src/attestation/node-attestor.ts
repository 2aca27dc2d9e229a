// How a node proves which node it is. An attestor knows one kind of proof; what it answers is all that is believed.
import type { Selector } from '../domain/selector.js';

/** What is known of a node once its proof held. */
export interface AttestedNode {
  /** The agent's path, below `/spire/agent/`; as a rule below `/spire/agent/<type>/`. */
  readonly agentPath: string;
  /** Paths that the node could as well have had of the same proof: an agent there is this one under another name. */
  readonly otherPaths?: readonly string[];
  readonly selectors: readonly Selector[];
  /** True: the node renews by attesting again. */
  readonly canReattest: boolean;
}

/** Sends a challenge to the node and answers its response. */
export type Challenge = (challenge: Uint8Array) => Promise<Uint8Array>;

export interface NodeAttestor {
  /** The type that a node names, such as `join_token`. */
  readonly type: string;
  /**
   * Checks a proof.
   *
   * @throws a SpiffeError whose code says what the node is told
   */
  attest(payload: Uint8Array, challenge: Challenge): Promise<AttestedNode>;
}
