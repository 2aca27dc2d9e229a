// Gets SPIRE and the program that makes the load (test/interop/setup.mjs), and runs the comparison of test/bench/spire.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setUp } from '../test/interop/setup.mjs';

const { programs, missing } = await setUp(['spire-server', 'spire-agent', 'load']);
for (const [name, reason] of Object.entries(missing)) console.error(`bench:spire: ${name} is missing: ${reason}`);
if (Object.keys(missing).length > 0) process.exit(1);

const comparison = fileURLToPath(new URL('../dist-test/bench/spire/comparison.js', import.meta.url));
const { status } = spawnSync(process.execPath, [comparison, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, CREDENCE_INTEROP_PROGRAMS: JSON.stringify(programs) },
});
process.exitCode = status ?? 1;
