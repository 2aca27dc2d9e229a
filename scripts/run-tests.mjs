// Runs the tests of all packages, compiled. Arguments go to mocha: npm test -- --grep "trust domain"
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const specs = [
  'packages/*/dist-test/**/*.test.js',
  'dist-test/{architecture,conformance,integration,faults}/**/*.test.js',
];
const { status } = spawnSync(
  process.execPath,
  ['node_modules/mocha/bin/mocha.js', ...process.argv.slice(2), ...specs],
  { cwd: root, stdio: 'inherit' },
);
process.exitCode = status ?? 1;
