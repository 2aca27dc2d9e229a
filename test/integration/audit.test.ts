// The audit record as docs/operations.md describes it: who, what, on which subject, with which result.
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { userInfo } from 'node:os';
import { credentials } from '@grpc/grpc-js';
import { agentApi, svidApi } from '@credence/sdk/wire';
import { Admin } from '../support/admin.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { readProse, section, tableRows } from '../support/prose.js';
import { until } from '../support/until.js';

type AuditRecord = Readonly<Record<string, unknown>>;

describe('the audit record', () => {
  let deployment: Deployment;
  let server: Child;

  before(async () => {
    deployment = await Deployment.create();
    server = await deployment.startServer();
    await deployment.createEntry('/web');
    await deployment.startAgent();
  });

  after(() => deployment[Symbol.asyncDispose]());

  const recordsOf = (method: string): readonly AuditRecord[] =>
    server.reports.filter((record) => record['type'] === 'audit' && record['method'] === method);

  /** The last records, once there are so many. */
  async function last(method: string, count: number): Promise<readonly AuditRecord[]> {
    await until(`${String(count)} records of ${method}`, () => recordsOf(method).length >= count);
    return recordsOf(method).slice(-count);
  }

  const pick = (record: AuditRecord | undefined, ...names: string[]): readonly unknown[] =>
    names.map((name) => record?.[name]);

  it('names the process at the admin socket as the kernel does, and the right by which it called', async () => {
    using admin = new Admin(deployment.adminSocket);
    const before = recordsOf('CreateJoinToken').length;
    const token = await admin.generateToken();
    const [record] = (await last('CreateJoinToken', before + 1)).slice(-1);
    const { uid, gid } = userInfo();
    const path = readlinkSync('/proc/self/exe');
    assert.deepEqual(pick(record, 'caller_uid', 'caller_gid', 'caller_pid', 'caller_path'), [
      uid,
      gid,
      process.pid,
      path,
    ]);
    assert.deepEqual(pick(record, 'authorized_as', 'authorized_via', 'status'), ['local', 'transport', 'success']);
    assert.ok(!server.stdout.includes(token), 'the token is in the log');
  });

  it('names agents and nodes over TLS by address, and by the SPIFFE ID that was proven', async () => {
    const [attested] = await last('AttestAgent', 1);
    assert.deepEqual(pick(attested, 'caller_addr', 'caller_id', 'authorized_as', 'attestor', 'status'), [
      ...['127.0.0.1', undefined, 'nobody', 'join_token', 'success'],
    ]);
    const [signed] = await last('BatchNewX509SVID', 1);
    assert.deepEqual(pick(signed, 'caller_addr', 'authorized_as', 'authorized_via'), [
      '127.0.0.1',
      'agent',
      'datastore',
    ]);
    assert.match(String(signed?.['caller_id']), /^spiffe:\/\/example\.org\/spire\/agent\/join_token\//);
  });

  it('has one record for each item of a batch, under one request ID, each with its subject and result', async () => {
    using admin = new Admin(deployment.adminSocket);
    const entry = (path: string): object => ({
      spiffe_id: { trust_domain: 'example.org', path },
      parent_id: { trust_domain: 'example.org', path: '/agent' },
      selectors: [{ type: 'unix', value: 'uid:1' }],
    });
    const before = recordsOf('BatchCreateEntry').length;
    const entries = [entry('/a'), entry('//'), entry('/b')];
    await call(admin.entries, 'BatchCreateEntry', { entries });
    const records = (await last('BatchCreateEntry', before + 3)).slice(-3);
    const results = records.map((record) => pick(record, 'spiffe_id', 'status', 'status_code').join(' ').trimEnd());
    // They are in the order in which the items ended.
    assert.deepEqual(results.sort(), [
      'spiffe://example.org// error INVALID_ARGUMENT',
      'spiffe://example.org/a success',
      'spiffe://example.org/b success',
    ]);
    const [id] = new Set(records.map((record) => record['request_id']));
    assert.match(String(id), /^[0-9a-f-]{36}$/);
    assert.equal(new Set(records.map((record) => record['request_id'])).size, 1);
    const [other] = await last('AttestAgent', 1);
    assert.notEqual(other?.['request_id'], id);
  });

  it('has a record of a call that is refused before it is read', async () => {
    const target = `127.0.0.1:${String(deployment.port)}`;
    using admin = new Admin(deployment.adminSocket);
    // An agent's method on the admin socket, an administrator's over TLS without a certificate.
    const local = svidApi.createClient(`unix:${deployment.adminSocket}`, credentials.createInsecure());
    const channel = credentials.createSsl(null, null, null, { rejectUnauthorized: false });
    const remote = agentApi.createClient(target, channel, { 'grpc.ssl_target_name_override': 'localhost' });
    try {
      assert.ok((await admin.agentIds()).length > 0);
      await assert.rejects(call(local, 'BatchNewX509SVID', { params: [] }), /PERMISSION_DENIED/);
      await assert.rejects(call(remote, 'ListAgents', {}), /PERMISSION_DENIED/);
    } finally {
      local.close();
      remote.close();
    }
    const refused = (record: AuditRecord | undefined): readonly unknown[] =>
      pick(record, 'level', 'status', 'status_code', 'caller_uid', 'caller_addr');
    const [signing] = await last('BatchNewX509SVID', 2).then((records) => records.slice(-1));
    assert.deepEqual(refused(signing), ['warn', 'error', 'PERMISSION_DENIED', userInfo().uid, undefined]);
    const [listing] = await last('ListAgents', 2).then((records) => records.slice(-1));
    assert.deepEqual(refused(listing), ['warn', 'error', 'PERMISSION_DENIED', undefined, '127.0.0.1']);
  });

  it('has the fields that docs/operations.md names, whatever the call', () => {
    const rows = tableRows(section(readProse('docs/operations.md'), '## The audit record'));
    const documented = rows.flatMap(([cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
    const records = server.reports.filter((record) => record['type'] === 'audit');
    for (const name of documented)
      assert.ok(
        records.some((record) => name !== undefined && name in record),
        name,
      );
    const common = ['level', 'time', 'msg', 'type', 'request_id'];
    const whoAndHow = [...new Set(records.flatMap((record) => Object.keys(record)))].filter((name) =>
      /^(caller|authorized|status|service|method)/.test(name),
    );
    for (const name of whoAndHow) assert.ok(documented.includes(name) || common.includes(name), name);
  });
});
