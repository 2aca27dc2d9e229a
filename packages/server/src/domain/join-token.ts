// A join token: a secret that attests one node, once.

export interface JoinToken {
  readonly value: string;
  readonly expiresAt: Date;
}
