// README.md as a new user meets it: the commands of "By hand" typed as they stand, then the service of "In a Node
// service", which a client of plain Node calls.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { choosePort, NewUser } from '../support/new-user.js';
import { codeBlocks, readProse, section } from '../support/prose.js';
import type { Child } from '../support/child.js';
import { until } from '../support/until.js';

const readme = readProse('README.md');
const lines = codeBlocks(section(readme, '## By hand'), 'sh').flatMap((block) => block.trim().split('\n'));
const services = codeBlocks(section(readme, '## In a Node service'), 'ts');

describe('README.md', () => {
  let user: NewUser;
  let token: string;
  let socketPath: string;
  // Where this machine differs from that of a new user: another program on port 8081, or root's daemons in /run.
  let serverFlags = '';
  let agentFlags = '';

  before(async () => {
    user = await NewUser.create();
    const port = await choosePort(8081);
    if (port !== 8081) {
      serverFlags += ` --port ${port}`;
      agentFlags += ` --server-port ${port}`;
    }
    if (user.uid === 0) {
      serverFlags += ` --data-dir server --socket-path ${user.env['CREDENCE_SERVER_SOCKET']}`;
      agentFlags += ` --data-dir agent --socket-path ${user.env['CREDENCE_AGENT_SOCKET']}`;
    }
  });

  after(() => user[Symbol.asyncDispose]());

  /** What it printed, once it says that it is ready. */
  async function start(line: string, ready: string): Promise<Record<string, unknown>> {
    const daemon = user.type(line);
    return until(ready, () => {
      if (!daemon.running) throw new Error(daemon.stdout + daemon.stderr);
      return daemon.reports.find(({ msg }) => msg === ready);
    });
  }

  async function succeed(line: string): Promise<string> {
    const { code, stdout, stderr } = await user.run(line);
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  }

  const steps: Readonly<Record<string, (line: string) => Promise<void>>> = {
    // Running it here would build the tree under the other tests; they all stand on its result.
    'npm run build': () => {
      const { scripts } = JSON.parse(readProse('package.json')) as { scripts: Record<string, string> };
      assert.ok(scripts['build']?.endsWith('--build-only'));
      return Promise.resolve();
    },
    'credence-server run': async (line) => {
      await start(line + serverFlags, 'server is ready');
    },
    'credence-server bundle show': async (line) => {
      await succeed(line);
      assert.match(await readFile(join(user.home, 'bundle.pem'), 'utf8'), /^-----BEGIN CERTIFICATE-----\n/);
    },
    'credence-server token generate': async (line) => {
      token = /^Token: (\S+)\n$/.exec(await succeed(line))?.[1] ?? '';
      assert.notEqual(token, '');
    },
    'credence-agent run': async (line) => {
      assert.ok(line.includes('<token>'));
      const { socketPath: path } = await start(line.replace('<token>', token) + agentFlags, 'agent is ready');
      socketPath = String(path);
    },
    'credence-server entry create': async (line) => {
      const out = await succeed(line);
      assert.match(out, /^SPIFFE ID {15}: spiffe:\/\/example\.org\/web$/m);
      assert.match(out, new RegExp(`^Selector {16}: unix:uid:${user.uid}$`, 'm'));
    },
    'credence-agent api fetch x509': async (line) => {
      const out = await until('an identity', async () => {
        const { code, stdout, stderr } = await user.run(line);
        if (code !== 0) assert.equal(stderr, 'rpc error: code = PermissionDenied desc = no identity issued\n');
        return code === 0 && stdout;
      });
      assert.match(out, /^Received 1 svid after .*\n\nSPIFFE ID:\t\tspiffe:\/\/example\.org\/web\n/);
    },
  };

  for (const line of lines) {
    it(line, async () => {
      const [, step] = Object.entries(steps).find(([start]) => line.replace(/^npx /, '').startsWith(start)) ?? [];
      assert.ok(step !== undefined, 'README.md shows a command whose result nobody knows');
      await step(line);
    });
  }

  it('shows every command that is known here', () => {
    assert.equal(lines.length, Object.keys(steps).length);
  });

  it('shows a service that compiles, tells its caller who it is, and refuses one without a certificate', async () => {
    assert.equal(services.length, 1);
    const port = await choosePort(8443);
    const source = services[0]!.replace('8443', String(port));
    await writeFile(join(user.home, 'package.json'), JSON.stringify({ type: 'module' }));
    await writeFile(join(user.home, 'service.ts'), source);
    await succeed('npx tsc --strict --module nodenext --target es2022 --types node service.ts');
    const service = user.type('node service.js', { SPIFFE_ENDPOINT_SOCKET: `unix://${socketPath}` });
    await succeed('mkdir svid && npx credence-agent api fetch x509 --write svid');

    assert.equal(await until('an answer', () => call(port, service)), 'hello spiffe://example.org/web');
    await assert.rejects(get(port, {}), /certificate required/);
    await user.interrupt(service);
  }).timeout(60_000);

  async function call(port: number, service: Child): Promise<string> {
    assert.ok(service.running, service.stderr);
    const [cert, key, ca] = await Promise.all(
      ['svid.0.pem', 'svid.0.key', 'bundle.0.pem'].map((name) => readFile(join(user.home, 'svid', name))),
    );
    return get(port, { cert: cert!, key: key!, ca: ca! });
  }
});

interface Files {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly ca?: Buffer;
}

/** A call by plain Node, which checks the server's SPIFFE ID where README's reader would expect a host name. */
function get(port: number, files: Files): Promise<string> {
  const checkServerIdentity = (_: string, { subjectaltname }: { readonly subjectaltname?: string | undefined }) =>
    subjectaltname === 'URI:spiffe://example.org/web' ? undefined : new Error(`the server is ${subjectaltname}`);
  return new Promise((resolve, reject) => {
    const options = { ...files, host: '127.0.0.1', port, agent: false, rejectUnauthorized: files.ca !== undefined };
    request({ ...options, checkServerIdentity }, (response) => void text(response).then(resolve, reject))
      .on('error', reject)
      .end();
  });
}
