// The foreign programs that scripts/run-interop.mjs found, by name.

const programs = JSON.parse(process.env['CREDENCE_INTEROP_PROGRAMS'] ?? '{}') as Readonly<Record<string, string>>;

/** The path of a program; skips the test, saying so, when it is not there (never in CI: the runner refuses before). */
export function program(context: Mocha.Context, name: string): string {
  const path = programs[name];
  if (path !== undefined) return path;
  console.error(`      ${name} is missing: npm run test:interop says how to get it`);
  return context.skip();
}

/** The path of a program that has to be there. */
export function programAt(name: string): string {
  const path = programs[name];
  if (path === undefined) throw new Error(`${name} is missing`);
  return path;
}

/** Ends what a `before` has made: not all of it, where a missing program has skipped the tests. */
export async function endOf(...made: readonly (AsyncDisposable | undefined)[]): Promise<void> {
  for (const one of made) await one?.[Symbol.asyncDispose]();
}
