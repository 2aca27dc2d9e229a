// A join token: a secret that attests one node, once.

export interface JoinToken {
  readonly value: string;
  readonly expiresAt: Date;
}

/**
 * Shortens the tokens in the SPIFFE IDs of a text for the log: until the node joins, the last segment of
 * `/spire/agent/join_token/<token>` is a secret. What is left is at most its first 8 characters.
 */
export function shortenJoinTokens(text: string): string {
  return text.replaceAll(/(\/spire\/agent\/join_token\/)([^/\s"']+)/g, (_, prefix: string, token: string) => {
    return `${prefix}${token.slice(0, Math.min(8, token.length / 4))}…`;
  });
}
