import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child, node } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { repository } from '../support/source-tree.js';
import { until } from '../support/until.js';

const program = join(repository, 'packages/agent/bin/credence-agent.js');
const instant = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d \\+0000 UTC';

interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe('credence-agent', () => {
  let deployment: Deployment;

  async function run(...args: string[]): Promise<Answer> {
    const env = { ...process.env, CREDENCE_AGENT_SOCKET: deployment.workloadSocket() };
    await using child = node(program, args, { env });
    child.process.stdin?.end();
    const { code, stdout, stderr } = await child.finished;
    return { code, out: stdout, err: stderr };
  }

  before(async () => {
    deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.startAgent();
  });

  after(() => deployment[Symbol.asyncDispose]());

  it('healthcheck', async () => {
    assert.deepEqual(await run('healthcheck'), { code: 0, out: 'Agent is healthy.\n', err: '' });
    assert.deepEqual(await run('healthcheck', '-socketPath', '/nonexistent/api.sock'), {
      code: 1,
      out: '',
      err: 'Agent is unhealthy: unable to determine health\n',
    });
  });

  it('api fetch: says that no identity is issued, and exits 1', async () => {
    assert.deepEqual(await run('api', 'fetch'), {
      code: 1,
      out: '',
      err: 'rpc error: code = PermissionDenied desc = no identity issued\n',
    });
  });

  describe('with an entry', () => {
    before(async () => {
      await deployment.createEntry('/web', '--hint', 'main');
      await until('the identity to arrive', async () => (await run('api', 'fetch', '-silent')).code === 0);
    });

    it('api fetch x509: prints identities', async () => {
      const { code, out } = await run('api', 'fetch', 'x509');
      assert.equal(code, 0);
      assert.match(
        out,
        new RegExp(
          [
            '^Received 1 svid after [\\d.]+m?s\\n',
            'SPIFFE ID:\\t\\tspiffe://example\\.org/web',
            'Hint:\\t\\t\\tmain',
            `SVID Valid After:\\t${instant}`,
            `SVID Valid Until:\\t${instant}`,
            `CA #1 Valid After:\\t${instant}`,
            `CA #1 Valid Until:\\t${instant}\\n\\n$`,
          ].join('\\n'),
        ),
      );
      assert.doesNotMatch(out, /PRIVATE/);
    });

    it('api fetch: is api fetch x509, and prints nothing when silent', async () => {
      assert.match((await run('api', 'fetch')).out, /^Received 1 svid/);
      assert.deepEqual(await run('api', 'fetch', '-silent'), { code: 0, out: '', err: '' });
    });

    it('api fetch x509 --output json: prints the response in one line', async () => {
      const { out } = await run('api', 'fetch', 'x509', '--output', 'json');
      assert.equal(out.trimEnd().split('\n').length, 1);
      const response = JSON.parse(out) as { svids: Record<string, string>[] };
      assert.deepEqual(Object.keys(response), ['crl', 'federated_bundles', 'svids']);
      assert.deepEqual(Object.keys(response.svids[0]!), ['bundle', 'hint', 'spiffe_id', 'x509_svid', 'x509_svid_key']);
    });

    it('api fetch x509 -write: writes files that OpenSSL verifies, the key for the caller only', async () => {
      const folder = join(deployment.folder, 'written');
      await mkdir(folder);
      const { out } = await run('api', 'fetch', 'x509', '-write', folder);
      assert.match(out, /Writing SVID #0 to file .*svid\.0\.pem\.\nWriting key #0 .*\nWriting bundle #0 .*\n$/);
      assert.deepEqual((await readdir(folder)).sort(), ['bundle.0.pem', 'svid.0.key', 'svid.0.pem']);
      assert.equal((await stat(join(folder, 'svid.0.key'))).mode & 0o777, 0o600);
      assert.equal((await stat(join(folder, 'svid.0.pem'))).mode & 0o777, 0o644);
      const files = ['-CAfile', join(folder, 'bundle.0.pem'), join(folder, 'svid.0.pem')];
      assert.match((await promisify(execFile)('openssl', ['verify', ...files])).stdout, /: OK\n$/);
    });

    it('api watch: prints each change until it is stopped', async () => {
      const env = { ...process.env, CREDENCE_AGENT_SOCKET: deployment.workloadSocket() };
      await using watch = node(program, ['api', 'watch'], { env });
      await until('the first update', () => Promise.resolve(watch.stdout.includes('Received 1 svid ')));
      await deployment.createEntry('/second');
      await until('the second update', () => Promise.resolve(watch.stdout.includes('Received 2 svids ')));
      const { code, stderr } = await watch.stop('SIGINT');
      assert.equal(code, 0);
      assert.equal(stderr, '');
    });
  });

  it('api fetch: says where it looked when no agent is there', async () => {
    const { code, err } = await run('api', 'fetch', '-socketPath', '/nonexistent/api.sock');
    assert.equal(code, 1);
    assert.match(err, /^rpc error: code = Unavailable .*no agent answers at \/nonexistent\/api\.sock/);
  });

  it('api fetch and explain: say that the user may not open the socket, and who may', async () => {
    const folder = join(deployment.folder, 'closed');
    const socket = join(folder, 'x.sock');
    await mkdir(folder, { mode: 0 });
    // Root may open everything, unless it goes without that right.
    const asUser = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
    const said = async (...args: string[]): Promise<string> => {
      const [command, ...rest] = [...asUser, process.execPath, program, ...args, '--socket-path', socket];
      await using child = new Child(command, rest);
      const { code, stderr } = await child.finished;
      assert.equal(code, 1);
      return stderr;
    };
    try {
      const fetched = await said('api', 'fetch');
      assert.ok(fetched.endsWith(`; this user may not open ${socket}, or a folder above it\n`), fetched);
      const explained = await said('explain', '--pid', '1');
      assert.ok(explained.endsWith(`; only root, and the agent's own user and group, may open ${socket}\n`), explained);
    } finally {
      await chmod(folder, 0o700);
    }
  });

  it('run: refuses a second agent on the same data directory, and exits 1', async () => {
    const { code, err } = await run(
      ...['run', '-trustDomain', 'example.org', '-serverAddress', '127.0.0.1'],
      ...['-dataDir', deployment.agentDataDir(), '-socketPath', join(deployment.folder, 'other.sock')],
    );
    assert.equal(code, 1);
    assert.match(err, /^Error: data directory .* is in use by a running process/);
  });

  it('validate takes what run would take, with variables of the environment where it is asked to', async () => {
    const config = join(deployment.folder, 'validated.yaml');
    await writeFile(config, 'agent: { trust_domain: "${HOME_DOMAIN}", server_address: 127.0.0.1 }');
    const validate = async (...flags: string[]): Promise<Answer> => {
      const env = { ...process.env, HOME_DOMAIN: 'example.org' };
      await using child = node(program, ['validate', '-config', config, ...flags], { env });
      const { code, stdout, stderr } = await child.finished;
      return { code, out: stdout, err: stderr };
    };
    const valid = { code: 0, out: 'Credence agent configuration file is valid.\n', err: '' };
    assert.deepEqual(await validate('-expandEnv'), valid);
    assert.match((await validate()).err, /agent\.trust_domain: .*example\.org is accepted/);
  });

  const misuses = [
    { args: ['run'], says: '--trust-domain is required' },
    { args: ['run', '-trustDomain', 'example.org'], says: '--server-address is required' },
    { args: ['run', '-joinTokn', 'secret'], says: 'unknown flag -joinTokn; did you mean -joinToken?' },
    { args: ['api', 'fetch', '-timeout', 'soon'], says: '--timeout is "soon"; a positive duration such as 5s' },
    { args: ['api', 'fetch', '-output', 'yaml'], says: 'pretty, prettyprint, json are accepted' },
    { args: ['api', 'fetch', 'x501'], says: 'unexpected argument "x501"' },
    { args: ['api', 'watsh'], says: 'did you mean "api watch"?' },
  ];
  for (const { args, says } of misuses) {
    it(`exits 2 for ${args.join(' ')}`, async () => {
      const { code, out, err } = await run(...args);
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.ok(err.startsWith('Error: ') && err.includes(says), err);
      assert.doesNotMatch(err, /secret/);
    });
  }
});
