import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Child, node } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { repository } from '../support/source-tree.js';

const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;
const web = [
  '-spiffeID',
  'spiffe://example.org/web',
  '-parentID',
  'spiffe://example.org/node',
  '-selector',
  'unix:uid:1',
];

const program = join(repository, 'packages/server/bin/credence-server.js');

interface Answer {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe('credence-server', () => {
  let deployment: Deployment;
  let server: Child;

  const run = (...args: string[]): Promise<Answer> => runWith('', ...args);

  // The socket comes from the environment here, so that commands stand as a user types them.
  async function runWith(input: string, ...args: string[]): Promise<Answer> {
    const env = { ...process.env, CREDENCE_SERVER_SOCKET: deployment.adminSocket };
    await using child = node(program, args, { env });
    child.process.stdin?.on('error', () => undefined).end(input);
    const { code, stdout, stderr } = await child.finished;
    return { code, out: stdout, err: stderr };
  }

  async function json(...args: string[]): Promise<Record<string, unknown>> {
    const { code, out, err } = await run(...args, '-output', 'json');
    assert.equal(code, 0, err);
    assert.equal(out.trimEnd().split('\n').length, 1);
    return JSON.parse(out) as Record<string, unknown>;
  }

  before(async () => {
    deployment = await Deployment.create();
    server = await deployment.startServer();
  });

  after(() => deployment[Symbol.asyncDispose]());

  it('keeps its data to itself', async () => {
    assert.equal((await stat(deployment.serverDataDir)).mode & 0o777, 0o700);
    assert.equal((await stat(join(deployment.serverDataDir, 'keys.json'))).mode & 0o777, 0o600);
  });

  const secondRun = (dataDir: string): string[] => [
    ...['run', '-trustDomain', 'example.org', '-dataDir', dataDir, '-socketPath', deployment.adminSocket],
    ...['-bindAddress', '127.0.0.1', '-serverPort', '0'],
  ];

  it('run: refuses a second server on the same data directory, and exits 1', async () => {
    const { code, err } = await run(...secondRun(deployment.serverDataDir));
    assert.equal(code, 1);
    assert.match(
      err,
      new RegExp(`^Error: data directory .* is in use by a running process \\(process ${server.pid}\\)`),
    );
  });

  it('run: refuses a second server on the same socket, and exits 1', async () => {
    const { code, err } = await run(...secondRun(join(deployment.folder, 'other')));
    assert.equal(code, 1);
    assert.match(err, /^Error: .*admin\.sock/);
    assert.equal((await run('healthcheck')).code, 0);
  });

  it('healthcheck', async () => {
    assert.deepEqual(await run('healthcheck'), { code: 0, out: 'Server is healthy.\n', err: '' });
    assert.equal((await run('healthcheck', '-verbose')).out, 'Checking server health...\nServer is healthy.\n');
    const away = await run('healthcheck', '-socketPath', join(deployment.folder, 'none.sock'));
    assert.deepEqual(away, { code: 1, out: '', err: 'Error: server is unhealthy: unable to determine health\n' });
  });

  it('bundle show', async () => {
    const pem = (await run('bundle', 'show')).out;
    assert.match(pem, /^-----BEGIN CERTIFICATE-----\n[\s\S]+-----END CERTIFICATE-----\n$/);
    const bundle = await json('bundle', 'show');
    assert.deepEqual(Object.keys(bundle), [
      ...['jwt_authorities', 'refresh_hint', 'sequence_number', 'trust_domain', 'wit_authorities', 'x509_authorities'],
    ]);
    const document = JSON.parse((await run('bundle', 'show', '-format', 'spiffe')).out) as { keys: object[] };
    assert.deepEqual(Object.keys(document.keys[0]!), ['use', 'kty', 'crv', 'x', 'y', 'x5c']);
  });

  it('token generate', async () => {
    const plain = await run('token', 'generate');
    assert.match(plain.out, new RegExp(`^Token: ${uuid.source}\nWarning: Missing SPIFFE ID.\n$`));
    const named = await run('token', 'generate', '--spiffe-id', 'spiffe://example.org/node1', '--ttl', '60');
    assert.match(named.out, new RegExp(`^Token: ${uuid.source}\n$`));
    const token = await json('token', 'generate', '-ttl', '60');
    assert.deepEqual(Object.keys(token), ['expires_at', 'value']);
    assert.equal(typeof token['expires_at'], 'string');
  });

  it('entry create, show, update, count, delete', async () => {
    const created = await run('entry', 'create', ...web, '-x509SVIDTTL', '60', '-dns', 'web.test', '-hint=h', '-admin');
    const id = uuid.exec(created.out)?.[0] ?? '';
    const block = (revision: number, ttl: string): string =>
      [
        `Entry ID                : ${id}`,
        'SPIFFE ID               : spiffe://example.org/web',
        'Parent ID               : spiffe://example.org/node',
        `Revision                : ${revision}`,
        `X509-SVID TTL           : ${ttl}`,
        'JWT-SVID TTL            : default',
        'Selector                : unix:uid:1',
        'DNS name                : web.test',
        'Admin                   : true',
        'Hint                    : h',
        '\n',
      ].join('\n');
    assert.deepEqual(created, { code: 0, out: block(0, '60'), err: '' });
    assert.equal((await run('entry', 'show', '-entryID', id)).out, `Found 1 entry\n${block(0, '60')}`);

    const updated = await run('entry', 'update', '-entryID', id, ...web, '-dns', 'web.test', '-hint=h', '-admin');
    assert.equal(updated.out, block(1, 'default'));

    assert.equal((await run('entry', 'count', '-hint', 'h')).out, '1 registration entry\n');
    assert.equal((await run('entry', 'count', '-hint', 'other')).out, '0 registration entries\n');
    assert.deepEqual(await json('entry', 'count', '-selector', 'unix:uid:1'), { count: 1 });

    const deleted = await run('entry', 'delete', '-entryID', id);
    assert.equal(deleted.out, `Deleted entry with ID: ${id}\n\n\nDeleted 1 entries successfully`);
    const missing = await run('entry', 'delete', '-entryID', id);
    assert.equal(missing.code, 1);
    assert.equal(missing.out, '\n\nFailed to delete 1 entries');
    assert.equal(
      missing.err,
      `Failed to delete entry with ID ${id} (code: NotFound, msg: "entry not found")\n` +
        'Error: failed to delete one or more entries\n',
    );
    const shown = await run('entry', 'show', '-entryID', id);
    assert.equal(shown.code, 1);
    assert.match(shown.err, /^Error: error fetching entry ID .*: rpc error: code = NotFound desc = entry not found\n$/);
  });

  it('entry create: says which entry is there already, and exits 1', async () => {
    await run('entry', 'create', ...web);
    const again = await run('entry', 'create', ...web);
    assert.equal(again.code, 1);
    assert.equal(again.out, '');
    assert.match(
      again.err,
      /^Failed to create the following entry \(code: AlreadyExists, msg: "similar entry already exists"\):\nEntry ID {16}: \(none\)\n[\s\S]*\n\nError: failed to create one or more entries\n$/,
    );
    await run(
      'entry',
      'delete',
      '-entryID',
      uuid.exec((await run('entry', 'show', '-spiffeID', 'spiffe://example.org/web')).out)?.[0] ?? '',
    );
  });

  it('entry create -data, from a file and from standard input, JSON or YAML; entry delete -file', async () => {
    const entry = (name: string): object => ({
      spiffe_id: `spiffe://example.org/${name}`,
      parent_id: 'spiffe://example.org/node',
      selectors: [{ type: 'unix', value: 'uid:7' }],
      x509_svid_ttl: 200,
    });
    const file = join(deployment.folder, 'entries.json');
    await writeFile(file, JSON.stringify({ entries: [entry('b'), entry('a')] }));
    assert.equal((await run('entry', 'create', '-data', file)).code, 0);
    const third = await runWith(JSON.stringify({ entries: [entry('c')] }), 'entry', 'create', '--data', '-');
    assert.match(third.out, /spiffe:\/\/example\.org\/c/);
    const yaml = `entries:
  # The fourth.
  - spiffe_id: spiffe://example.org/d
    parent_id: spiffe://example.org/node
    selectors:
      - { type: unix, value: "uid:7" }
`;
    assert.match((await runWith(yaml, 'entry', 'create', '--data', '-')).out, /spiffe:\/\/example\.org\/d/);
    const { entries } = (await json('entry', 'show', '-selector', 'unix:uid:7')) as {
      entries: { id: string; spiffe_id: { path: string } }[];
    };
    assert.deepEqual(
      entries.map(({ spiffe_id }) => spiffe_id.path),
      ['/a', '/b', '/c', '/d'],
    );
    const ids = JSON.stringify({ ids: entries.map(({ id }) => id) });
    assert.match((await runWith(ids, 'entry', 'delete', '-file', '-')).out, /\n\n\nDeleted 4 entries successfully$/);
  });

  it('agent list, count, show, ban, evict without agents', async () => {
    assert.equal((await run('agent', 'list')).out, 'No attested agents found\n');
    assert.deepEqual(await json('agent', 'list'), { agents: [], next_page_token: '' });
    assert.equal((await run('agent', 'count')).out, '0 attested agents\n');
    for (const verb of ['show', 'ban', 'evict']) {
      const { code, err } = await run('agent', verb, '-spiffeID', 'spiffe://example.org/spire/agent/join_token/x');
      assert.equal(code, 1);
      assert.equal(err, 'Error: rpc error: code = NotFound desc = agent not found\n');
    }
  });

  it('agent list, count, show, ban, evict with an agent', async () => {
    const agent = await deployment.startAgent();
    const list = (await run('agent', 'list')).out;
    const id = /spiffe:\/\/example\.org\/spire\/agent\/join_token\/\S+/.exec(list)?.[0] ?? '';
    assert.match(
      list,
      /^Found 1 attested agent:\n\nSPIFFE ID {9}: \S+\nAttestation type {2}: join_token\nExpiration time {3}: [-\d]{10} [:\d]{8} \+0000 UTC\nSerial number {5}: \d+\nCan re-attest {5}: false\n(Agent version {5}: \S+\n)?\n$/,
    );
    assert.equal((await run('agent', 'count', '-banned', 'false')).out, '1 attested agent\n');
    assert.equal(
      (await run('agent', 'count', '-expiresBefore', '2020-01-01 00:00:00 +0000 +00')).out,
      '0 attested agents\n',
    );
    assert.match(
      (await run('agent', 'show', '-spiffeID', id)).out,
      /^Found an attested agent given its SPIFFE ID\n\nSPIFFE ID/,
    );
    assert.equal((await json('agent', 'show', '-spiffeID', id))['attestation_type'], 'join_token');
    assert.equal((await run('agent', 'ban', '-spiffeID', id)).out, 'Agent banned successfully\n');
    assert.match((await run('agent', 'list', '-banned', 'true')).out, /\nBanned {12}: true\n/);
    assert.deepEqual(await json('agent', 'evict', '-spiffeID', id), {});
    assert.equal((await run('agent', 'count')).out, '0 attested agents\n');
    await agent.stop('SIGKILL');
  });

  it('x509 mint writes an X.509-SVID that OpenSSL verifies', async () => {
    const minted = await run(
      'x509',
      'mint',
      '-spiffeID',
      'spiffe://example.org/m',
      '-ttl',
      '1h',
      '-write',
      deployment.folder,
    );
    assert.equal(minted.code, 0, minted.err);
    const [svid, key, bundle] = ['svid.pem', 'key.pem', 'bundle.pem'].map((name) => join(deployment.folder, name));
    assert.equal((await stat(key!)).mode & 0o777, 0o600);
    const { stdout } = await promisify(execFile)('openssl', ['verify', '-CAfile', bundle!, svid!]);
    assert.match(stdout, /: OK\n$/);
    assert.match(await readFile(key!, 'utf8'), /^-----BEGIN PRIVATE KEY-----/);
  });

  const misuses = [
    { args: ['entry', 'create'], says: '--spiffe-id is required' },
    {
      args: ['entry', 'create', '-spiffeID', 'spiffe://example.org/x', '-selector', 'a:b'],
      says: '--parent-id is required',
    },
    { args: ['entry', 'create', ...web.slice(0, 4)], says: '--selector is required' },
    { args: ['entry', 'create', ...web, '-selector', 'unix'], says: 'selector "unix" must be formatted as type:value' },
    { args: ['entry', 'create', ...web, '-x509SVIDTTL', '-1'], says: '--x509-svid-ttl is -1; seconds from 0' },
    { args: ['entry', 'create', ...web, '-spiffeID', 'spiffe://example.org/y'], says: 'flag given twice' },
    { args: ['entry', 'create', ...web, '-node'], says: '--node and --parent-id exclude each other' },
    { args: ['entry', 'create', ...web, '-entryExpiry', 'soon'], says: 'a whole number is accepted' },
    { args: ['entry', 'update', ...web], says: '--entry-id is required' },
    { args: ['entry', 'show', '-matchSelectorsOn', 'some'], says: 'exact, any, superset, subset are accepted' },
    { args: ['entry', 'show', '-entryID', 'x', '-hint', 'y'], says: "--entry-id can't be combined" },
    { args: ['entry', 'delete'], says: '--entry-id or --file is required' },
    { args: ['agent', 'ban'], says: '--spiffe-id is required' },
    { args: ['agent', 'ban', '-spiffeID', 'https://a'], says: 'does not start with "spiffe://"' },
    { args: ['agent', 'list', '-expiresBefore', 'yesterday'], says: '2026-01-02T15:04:05Z are accepted' },
    { args: ['token', 'generate', '-ttl', '0'], says: '--ttl is 0; seconds from 1 are accepted' },
    { args: ['run'], says: '--trust-domain is required' },
  ];
  for (const { args, says } of misuses) {
    it(`exits 2 for ${args.join(' ')}`, async () => {
      const { code, out, err } = await run(...args);
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.ok(err.startsWith('Error: ') && err.includes(says), err);
    });
  }

  const files = [
    { content: '{"entries":[{"spiffe_id":"spiffe://a/b"}]}', says: 'entries.0.parent_id' },
    { content: '{"entries":[]}', says: 'entries' },
    { content: '{"entires":[]}', says: 'did you mean "entries"?' },
    { content: '{"entries"', says: 'is not JSON' },
    { content: 'entries', says: '--data is not usable' },
    { content: 'entries: [', says: 'standard input is not usable: line 1, column' },
    { content: 'entries: []\nentries: []', says: 'DUPLICATE_KEY' },
    { content: 'a: &x 1\nentries: *x', says: 'YAML aliases are not accepted' },
    { content: 'entires: []', says: 'did you mean "entries"?' },
  ];
  for (const { content, says } of files) {
    it(`exits 2 for entry create -data ${content}`, async () => {
      const { code, err } = await runWith(content, 'entry', 'create', '-data', '-');
      assert.equal(code, 2);
      assert.ok(err.includes(says), err);
    });
  }

  it('leaves nothing behind of what it refused', async () => {
    assert.deepEqual(await json('entry', 'show', '-spiffeID', 'spiffe://example.org/web'), {
      entries: [],
      next_page_token: '',
    });
  });

  describe('validate', () => {
    const validate = async (text: string, env: Record<string, string>, ...flags: string[]): Promise<Answer> => {
      const config = join(deployment.folder, 'validated.yaml');
      await writeFile(config, text);
      await using child = node(program, ['validate', '-config', config, ...flags], { env: { ...process.env, ...env } });
      const { code, stdout, stderr } = await child.finished;
      return { code, out: stdout, err: stderr };
    };
    const text =
      'server:\n  trust_domain: ${TEST_DOMAIN}\n  bind_port: ${TEST_PORT}\n  disable_jwt_svids: ${TEST_FLAG}\n';
    const env = { TEST_DOMAIN: 'example.org', TEST_PORT: '8081', TEST_FLAG: 'true' };
    const valid = { code: 0, out: 'Credence server configuration file is valid.\n', err: '' };

    it('takes what run would take, and starts nothing', async () => {
      assert.deepEqual(await validate('server: { trust_domain: example.org }', {}), valid);
    });

    it('replaces variables of the environment where -expandEnv asks for it, and only there', async () => {
      assert.deepEqual(await validate(text, env, '-expandEnv'), valid);
      const { code, err } = await validate(text, env);
      assert.equal(code, 1);
      assert.match(err, /server\.trust_domain: .*example\.org is accepted/);
    });

    it('says which variables are not set', async () => {
      const { code, err } = await validate(text, { TEST_DOMAIN: 'example.org' }, '--expand-env');
      assert.equal(code, 1);
      assert.match(err, /\n {2}\$\{TEST_PORT\} is not set\n {2}\$\{TEST_FLAG\} is not set\n/);
    });

    it('refuses what a variable makes wrong, without quoting another', async () => {
      const { code, err } = await validate(text, { ...env, TEST_PORT: '70000' }, '--expand-env');
      assert.equal(code, 1);
      assert.match(err, /server\.bind_port: not a port; 0 to 65535 is accepted/);
    });
  });

  it('ends as by SIGPIPE, without a word, when nobody reads on', async () => {
    const pipe = 'set -o pipefail; "$0" "$1" completion bash | head -n 1 >/dev/null; "$0" "$1" --help | true';
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', `${pipe}; echo $?`, process.execPath, program]);
    assert.match(stdout, /^(0|141)\n$/);
    assert.equal(stderr, '');
  });

  it('completion bash prints a script by which bash completes', async () => {
    const { code, out, err } = await run('completion', 'bash');
    assert.deepEqual([code, err], [0, '']);
    const drive = `${out}
COMP_WORDS=(credence-server entry show --match-selectors-on ''); COMP_CWORD=4; _credence_server
printf '%s ' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', drive]);
    assert.equal(stdout, 'exact any superset subset ');
  });

  it('says that the user may not open the socket, and who may', async () => {
    const folder = join(deployment.folder, 'closed');
    await mkdir(folder, { mode: 0 });
    // Root may open everything, unless it goes without that right.
    const asUser = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
    const socket = join(folder, 'x.sock');
    const words = [...asUser, process.execPath, program, 'entry', 'show', '--socket-path', socket];
    await using child = new Child(words[0] ?? '', words.slice(1));
    const { code, stderr } = await child.finished;
    await chmod(folder, 0o700);
    assert.equal(code, 1);
    assert.ok(stderr.endsWith(`; only root, and the server's own user and group, may open ${socket}\n`), stderr);
  });

  it('stops at SIGTERM with exit code 0, and starts again as it was', async () => {
    const before = (await run('bundle', 'show')).out;
    assert.equal((await server.stop('SIGTERM')).code, 0);
    const away = await run('bundle', 'show');
    assert.equal(away.code, 1);
    assert.match(away.err, /^Error: rpc error: code = Unavailable .*no server answers at .*admin\.sock/);
    server = await deployment.startServer();
    assert.equal((await run('bundle', 'show')).out, before);
  });
});
