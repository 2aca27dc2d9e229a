// How the benchmarks print: one table each, aligned.

export function printTable(title: string, rows: readonly (readonly [what: string, result: string])[]): void {
  const width = Math.max(...rows.map(([what]) => what.length));
  console.log(`${title}\n`);
  for (const [what, result] of rows) console.log(`  ${what.padEnd(width)}  ${result}`);
  console.log('');
}

/** Whole numbers with a thin separator: 12 345. */
export function perSecond(count: number, ms: number): string {
  return `${Math.round((count / ms) * 1000).toLocaleString('en-US')}/s`;
}

/** Runs `work` until `ms` have passed, `lanes` at a time; answers how often it ran in how many milliseconds. */
export async function runFor(
  ms: number,
  lanes: number,
  work: () => Promise<void>,
): Promise<{ runs: number; ms: number }> {
  const started = performance.now();
  let runs = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() - started < ms) {
      await work();
      runs++;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return { runs, ms: performance.now() - started };
}
