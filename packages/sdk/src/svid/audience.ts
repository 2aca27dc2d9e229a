// Audiences: who a JWT-SVID is for (JWT-SVID §3.2). There is no value that stands for everybody.

/**
 * One or several audiences as a list; what asks for a token or verifies one is given at least one.
 *
 * @throws TypeError: none, or one that is not a non-empty string.
 */
export function audiences(audience: string | readonly string[]): readonly [string, ...string[]] {
  const [first, ...others]: readonly unknown[] = Array.isArray(audience) ? (audience as unknown[]) : [audience];
  const list = [first, ...others];
  if (list.every((one) => typeof one === 'string' && one !== '')) return list as [string, ...string[]];
  throw new TypeError('audience: expected a non-empty string, or a non-empty list of them');
}
