// Gets the foreign programs (test/interop/setup.mjs) and runs the tests that need them. What is missing is named, with
// the way to get it; in CI nothing may be missing.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { setUp } from '../test/interop/setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { programs, missing } = await setUp();
for (const [name, reason] of Object.entries(missing)) console.error(`interop: ${name} is missing: ${reason}`);
if (process.env.CI && Object.keys(missing).length > 0) {
  console.error('interop: nothing may be missing in CI');
  process.exit(1);
}

const mocha = [
  'node_modules/mocha/bin/mocha.js',
  '--timeout',
  '120000',
  ...(process.env.CI ? ['--retries', '1'] : []),
  '--spec',
  'dist-test/interop/**/*.test.js',
];
const { status } = spawnSync(process.execPath, [...mocha, '--no-config', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, CREDENCE_INTEROP_PROGRAMS: JSON.stringify(programs) },
});
process.exitCode = status ?? 1;
