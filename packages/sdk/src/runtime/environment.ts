// The environment of the process, for the few variables that a standard defines.

/** The value of an environment variable; an empty one counts as absent. */
export function environmentVariable(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}
