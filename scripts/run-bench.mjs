// Runs the benchmarks of test/bench one after the other; with names, only those.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../dist-test/bench', import.meta.url));
const wanted = process.argv.slice(2);
const all = readdirSync(folder)
  .filter((name) => name.endsWith('.js'))
  .map((name) => name.replace(/\.js$/, ''));
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`No benchmark named ${unknown.join(', ')}; there are: ${all.join(', ')}`);
  process.exit(2);
}

console.log(`Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'})\n`);
for (const name of wanted.length > 0 ? wanted : all) {
  const { status } = spawnSync(process.execPath, [join(folder, `${name}.js`)], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
