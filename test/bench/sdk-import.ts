// What the SDK costs before it does anything: the time of an import in a new process, against plain grpc-js and against
// nothing at all; and its size on disk with everything that npm installs for it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../support/source-tree.js';
import { printTable } from './measure/table.js';

const runs = 15;
const imported = [
  '',
  '@grpc/grpc-js',
  '@credence/sdk',
  '@credence/sdk/tls',
  '@credence/sdk/http',
  '@credence/sdk/grpc',
  '@credence/sdk/federation',
];

/** Milliseconds from inside the process, so that Node's own start does not count; without a name only that. */
function timeOf(name: string): number {
  const program = `const started = performance.now(); await import(${JSON.stringify(name)});
    console.log(performance.now() - started);`;
  const started = performance.now();
  const args = ['--input-type=module', '--eval', name === '' ? '' : program];
  const answer = execFileSync(process.execPath, args, { cwd: repository, encoding: 'utf8' });
  return name === '' ? performance.now() - started : Number(answer);
}

// In turns, so that a busy moment of the machine falls on all.
const times = new Map<string, number[]>(imported.map((name) => [name, []]));
for (let run = 0; run < runs; run++) for (const [name, list] of times) list.push(timeOf(name));

printTable(
  `import, median and best of ${runs} processes`,
  [...times].map(([name, list]) => {
    const sorted = list.sort((a, b) => a - b);
    const [best = 0, median = 0] = [sorted[0], sorted[runs >> 1]];
    return [name === '' ? '(Node itself, start to end)' : name, `${median.toFixed(0)} ms, ${best.toFixed(0)} ms`];
  }),
);

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The folders of everything that npm installs for a package, itself left out. */
function dependenciesOf(folder: string, found = new Set<string>()): ReadonlySet<string> {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  for (const name of Object.keys(dependencies)) {
    const place = resolveFrom(folder, name);
    if (found.has(place)) continue;
    found.add(place);
    dependenciesOf(place, found);
  }
  return found;
}

/** As Node looks for it: in the node_modules of each folder upwards. */
function resolveFrom(folder: string, name: string): string {
  const place = join(folder, 'node_modules', name);
  if (existsSync(place)) return realpathSync(place);
  if (folder === repository) throw new Error(`${name} is not installed`);
  return resolveFrom(join(folder, '..'), name);
}

function bytesIn(folder: string): number {
  const files = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => name !== 'node_modules');
  return files
    .map((entry) => (entry.isDirectory() ? bytesIn(join(folder, entry.name)) : statSync(join(folder, entry.name)).size))
    .reduce((sum, bytes) => sum + bytes, 0);
}

interface Packed {
  readonly size: number;
  readonly unpackedSize: number;
  readonly entryCount: number;
}

const sdk = join(repository, 'packages/sdk');
const pack = ['pack', '--dry-run', '--json', '--ignore-scripts', '--silent'];
const [packed] = JSON.parse(execFileSync('npm', pack, { cwd: sdk, encoding: 'utf8' })) as [Packed];
const dependencies = [...dependenciesOf(sdk)];
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
printTable('size on disk', [
  ['tarball', megabytes(packed.size)],
  ['@credence/sdk', `${megabytes(packed.unpackedSize)} in ${packed.entryCount} files`],
  [
    'its dependencies',
    `${megabytes(dependencies.map(bytesIn).reduce((sum, bytes) => sum + bytes, 0))} in ${dependencies.length} packages`,
  ],
]);
