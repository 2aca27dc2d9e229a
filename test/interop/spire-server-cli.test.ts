// The real spire-server command drives our admin socket; what it prints is compared with what ours prints.
import assert from 'node:assert/strict';
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { Child, type Finished } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { endOf, program } from './programs.js';
import { assertSame, questions } from './server-scripts.js';

describe('the real spire-server command on our admin socket', function () {
  let deployment: Deployment;
  let spireServer: string;

  before(async function () {
    spireServer = program(this, 'spire-server');
    deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.startAgent();
  });
  after(() => endOf(deployment));

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

  it('mints JWT-SVIDs that the bundle verifies', async () => {
    const { stdout, stderr, code } = await spire(
      ...['jwt', 'mint', '-spiffeID', 'spiffe://example.org/minted', '-audience', 'api', '-ttl', '2m'],
    );
    assert.equal(code, 0, stderr);
    const bundle = await spire('bundle', 'show', '-format', 'spiffe');
    const { keys } = JSON.parse(bundle.stdout) as JSONWebKeySet;
    const key = keys.find(({ kid }) => kid === decodeProtectedHeader(stdout).kid);
    const { payload } = await jwtVerify(stdout.trimEnd(), createPublicKey({ key: key as JsonWebKey, format: 'jwk' }));
    assert.deepEqual([payload.sub, payload.aud], ['spiffe://example.org/minted', ['api']]);
    assert.equal(payload.exp! - payload.iat!, 120);
  });

  for (const kind of ['x509', 'jwt']) {
    it(`rotates the ${kind} authority, and prints each step as ours would`, async () => {
      const authority = (...args: string[]) => spire('localauthority', kind, ...args);
      const idIn = ({ stdout, stderr, code }: Finished): string => {
        assert.equal(code, 0, stderr);
        return /Authority ID: (\w+)/.exec(stdout)?.[1] ?? assert.fail(stdout);
      };
      /** What ours prints for a step of its own, with the IDs and instants of theirs. */
      const shape = (text: string): string => text.replaceAll(/ID: \w+\n/g, 'ID: x\n').replaceAll(/at: .*/g, 'at: t');
      const steps: string[] = [];
      for (const run of [authority, (...args: string[]) => deployment.server('localauthority', kind, ...args)]) {
        const old = idIn(await run('show'));
        const prepared = await run('prepare');
        const activated = await run('activate', '-authorityID', idIn(prepared));
        const tainted = await run('taint', '-authorityID', old);
        const revoked = await run('revoke', '-authorityID', old);
        const outputs = [prepared, activated, tainted, revoked];
        outputs.forEach(idIn);
        steps.push(shape(outputs.map(({ stdout }) => stdout).join('')));
      }
      assert.equal(steps[0], steps[1]);
    });
  }

  it('shows what ours shows of the running server', async () => {
    for (const output of ['pretty', 'json']) {
      const shown: string[] = [];
      for (const run of [spire, (...args: string[]) => deployment.server(...args)]) {
        const { stdout, stderr, code } = await run('debug', 'getinfo', '-output', output);
        assert.equal(code, 0, stderr);
        shown.push(stdout.replace(/(Uptime: +)\w+|("uptime":)\d+/, '$1$2now'));
      }
      assert.match(shown[0]!, /now/);
      assert.equal(shown[1], shown[0]);
    }
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

    for (const command of questions) {
      const withJson = command[0] !== 'healthcheck';
      for (const output of withJson ? [[], ['-output', 'json']] : [[]]) {
        it(['spire-server', ...command, ...output].join(' '), async () => {
          const [theirs, ours] = await Promise.all([
            spire(...command, ...output),
            deployment.server(...command, ...output),
          ]);
          assertSame(ours, theirs);
        });
      }
    }
  });
});
