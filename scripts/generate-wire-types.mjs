// Writes the TypeScript types of proto/ into packages/sdk/src/wire/gen with proto-loader's own generator.
// With --check it compares instead, and fails when the committed types are stale.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const committed = join(root, 'packages/sdk/src/wire/gen');

const filesBelow = (folder, ending) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();

const generated = mkdtempSync(join(tmpdir(), 'credence-gen-'));
try {
  // These options are repeated by packages/sdk/src/wire/contracts.ts, which loads the same files at run time.
  execFileSync(
    join(root, 'node_modules/.bin/proto-loader-gen-types'),
    [
      ...['--keepCase', '--longs=String', '--enums=String', '--defaults', '--oneofs'],
      ...['--grpcLib=@grpc/grpc-js', '--importFileExtension=.js', `--includeDirs=${join(root, 'proto')}`],
      `--outDir=${generated}`,
      ...filesBelow(join(root, 'proto'), '.proto'),
    ],
    { cwd: join(root, 'proto'), stdio: ['ignore', 'ignore', 'inherit'] },
  );
  tidy(generated);
  if (process.argv.includes('--check')) check(generated);
  else {
    rmSync(committed, { recursive: true, force: true });
    cpSync(generated, committed, { recursive: true });
  }
} finally {
  rmSync(generated, { recursive: true, force: true });
}

// The generator names the source by its absolute path, and writes one aggregate a file whose names collide between
// folders (types/entry.proto, server/entry/v1/entry.proto): nothing of ours needs those.
function tidy(folder) {
  for (const name of filesBelow(folder, '.ts')) {
    const path = join(folder, name);
    const text = readFileSync(path, 'utf8');
    if (text.includes('export interface ProtoGrpcType')) rmSync(path);
    else
      writeFileSync(
        path,
        text
          .replace(/^\/\/ Original file: .*\/proto\//gm, '// From proto/')
          .replace(/^\/\/ Original file: null\n\n?/gm, ''),
      );
  }
}

function check(fresh) {
  const names = new Set([...filesBelow(fresh, '.ts'), ...filesBelow(committed, '.ts')]);
  const stale = [...names].filter((name) => read(join(fresh, name)) !== read(join(committed, name)));
  if (stale.length === 0) return;
  console.error(`The generated wire types are stale (run "npm run generate"):\n  ${stale.join('\n  ')}`);
  process.exitCode = 1;
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
