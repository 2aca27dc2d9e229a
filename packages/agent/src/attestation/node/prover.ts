// How a node proves to the server what it is: one prover a node attestor.

export interface NodeProver {
  /** The attestor's type, such as `join_token`. */
  readonly type: string;
  /** What an operator can do when the server refuses the proof. */
  readonly advice: string;
  /** The first thing that the server is sent. @throws ERR_BOOTSTRAP when there is nothing to prove with. */
  payload(): Promise<Buffer>;
  /** The answer to a challenge. @throws ERR_BOOTSTRAP when the attestor knows no challenges. */
  respond(challenge: Buffer): Promise<Buffer>;
}
