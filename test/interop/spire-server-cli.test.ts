// The real spire-server command drives our admin socket; what it prints is compared with what ours prints.
import assert from 'node:assert/strict';
import { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { program } from './programs.js';

describe('the real spire-server command on our admin socket', function () {
  let deployment: Deployment;
  let spireServer: string;

  before(async function () {
    spireServer = program(this, 'spire-server');
    deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.startAgent();
  });
  after(() => deployment[Symbol.asyncDispose]());

  const spire = (...args: string[]) =>
    new Child(spireServer, [...args, '-socketPath', deployment.adminSocket]).finished;

  it('is healthy', async () => {
    const { stdout, code } = await spire('healthcheck');
    assert.deepEqual({ stdout, code }, { stdout: 'Server is healthy.\n', code: 0 });
  });

  it('creates, shows, updates and deletes entries', async () => {
    const created = await spire(
      ...['entry', 'create', '-entryID', 'by-spire', '-spiffeID', 'spiffe://example.org/a', '-selector', 'unix:uid:1'],
      ...[
        '-parentID',
        'spiffe://example.org/agent',
        '-dns',
        'a.example.org',
        '-hint',
        'internal',
        '-x509SVIDTTL',
        '60',
      ],
    );
    assert.equal(created.code, 0, created.stderr);
    assert.match(created.stdout, /Entry ID +: by-spire/);

    const again = await spire(
      ...['entry', 'create', '-spiffeID', 'spiffe://example.org/a', '-selector', 'unix:uid:1'],
      ...['-parentID', 'spiffe://example.org/agent'],
    );
    assert.equal(again.code, 1);
    assert.match(again.stderr, /\(code: AlreadyExists, msg: "similar entry already exists"\)/);

    const updated = await spire(
      ...['entry', 'update', '-entryID', 'by-spire', '-spiffeID', 'spiffe://example.org/a', '-selector', 'unix:uid:2'],
      ...['-parentID', 'spiffe://example.org/agent'],
    );
    assert.equal(updated.code, 0, updated.stderr);
    assert.match(updated.stdout, /Revision +: 1/);

    const deleted = await spire('entry', 'delete', '-entryID', 'by-spire');
    assert.equal(deleted.code, 0, deleted.stderr);
    const missing = await spire('entry', 'show', '-entryID', 'by-spire');
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /code = NotFound desc = entry not found/);
  });

  it('generates a token', async () => {
    const { stdout, code } = await spire('token', 'generate', '-spiffeID', 'spiffe://example.org/spare');
    assert.equal(code, 0);
    assert.match(stdout, /^Token: [0-9a-f-]{36}\n$/);
  });

  describe('prints what ours prints', () => {
    before(async () => {
      const flags = [
        '--dns',
        'b.example.org',
        '--admin',
        '--downstream',
        '--hint',
        'h',
        '--entry-expiry',
        '4102444800',
      ];
      await deployment.createEntry('/one', ...flags);
      await deployment.createEntry('/two', '--selector', 'unix:uid:7', '--selector', 'unix:gid:8');
    });

    const commands = [
      ['entry', 'show'],
      ['entry', 'count'],
      ['entry', 'show', '-spiffeID', 'spiffe://example.org/two'],
      ['entry', 'show', '-selector', 'unix:uid:7'],
      ['agent', 'list'],
      ['agent', 'count'],
      ['bundle', 'show'],
      ['bundle', 'show', '-format', 'spiffe'],
      ['healthcheck'],
      ['healthcheck', '-verbose'],
      ['entry', 'show', '-entryID', 'no-such-entry'],
      ['agent', 'show', '-spiffeID', 'spiffe://example.org/spire/agent/x/y'],
      ['agent', 'show', '-spiffeID', 'spiffe://example.org/not/an/agent'],
      ['entry', 'delete', '-entryID', 'no-such-entry'],
    ];
    for (const command of commands) {
      const withJson = command[0] !== 'healthcheck';
      for (const output of withJson ? [[], ['-output', 'json']] : [[]]) {
        it(['spire-server', ...command, ...output].join(' '), async () => {
          const [theirs, ours] = await Promise.all([
            spire(...command, ...output),
            deployment.server(...command, ...output),
          ]);
          // A failed item fails our command with JSON too (docs/spire-compatibility.md).
          if (ours.stdout.includes('"code":5')) assert.deepEqual([ours.code, theirs.code], [1, 0]);
          else assert.equal(ours.code, theirs.code);
          assert.deepEqual([ours.stdout, ours.stderr], [theirs.stdout, theirs.stderr]);
        });
      }
    }
  });
});
