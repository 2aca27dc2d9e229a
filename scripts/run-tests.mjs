// Runs the tests of all packages, compiled. Arguments go to mocha: npm test -- --grep "trust domain"
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const specs = [
  'packages/*/dist-test/**/*.test.js',
  'dist-test/{architecture,conformance,integration,faults}/**/*.test.js',
];
// The tests drive real processes; a shared CI machine may stall for longer than their deadlines.
const patience = process.env.CI ? ['--retries', '1', '--timeout', '60000'] : [];
const { status } = spawnSync(
  process.execPath,
  ['node_modules/mocha/bin/mocha.js', ...patience, ...process.argv.slice(2), ...specs],
  { cwd: root, stdio: 'inherit' },
);
process.exitCode = status ?? 1;
