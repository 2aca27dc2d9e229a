import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { credentials, status } from '@grpc/grpc-js';
import { SpiffeId } from '@credence/sdk';
import { silentLogger, systemClock } from '@credence/sdk/runtime';
import { agentExplainApi } from '@credence/sdk/wire';
import type { ExplainWorkloadResponse__Output } from '@credence/sdk/wire/gen/credence/agent/v1/ExplainWorkloadResponse.js';
import type { AttestorReport } from '../../../../dist/attestation/workload/workload-attestor.js';
import type { AuthorizedEntry } from '../../../../dist/domain/authorized-entry.js';
import type { WorkloadIdentity } from '../../../../dist/domain/workload-identity.js';
import { AdminEndpoint } from '../../../../dist/endpoints/admin/admin-endpoint.js';
import { explainService } from '../../../../dist/endpoints/admin/explain/explain-service.js';
import { renderExplanation } from '../../../../dist/cli/render-explanation.js';
import type { ExplainPorts } from '../../../../dist/endpoints/admin/explain/ports.js';
import { call } from '../../../../../sdk/dist-test/support/call.js';
import { temporaryDirectory } from '../../../../../sdk/dist-test/support/temporary-directory.js';
import { entry, selector, svid } from '../../../support/entries.js';

const unix: AttestorReport = {
  attestor: 'unix',
  elapsedMs: 1,
  kind: 'found',
  selectors: [selector('unix:uid:1000'), selector('unix:gid:1000')],
};
const instant = new Date('2030-01-01T00:00:00Z');
const agentId = SpiffeId.parse('spiffe://example.org/spire/agent/join_token/one');

function identity(of: AuthorizedEntry): WorkloadIdentity {
  return { ...of, entryId: of.id, svid: svid(instant, 3_600_000) };
}

interface Held {
  readonly entries?: readonly AuthorizedEntry[];
  /** IDs of entries without an SVID. */
  readonly unsigned?: readonly string[];
  readonly reports?: readonly AttestorReport[];
  readonly status?: ExplainPorts['status'];
}

async function explain(
  { entries = [], unsigned = [], reports = [unix], status: sync }: Held,
  request: object = {},
): Promise<ExplainWorkloadResponse__Output> {
  await using folder = await temporaryDirectory();
  const socketPath = join(folder.path, 'admin.sock');
  const identities = new Map(entries.map((each) => [each.id, identity(each)]));
  const ports: ExplainPorts = {
    agentId: () => agentId,
    attestation: { examine: () => Promise.resolve(reports) },
    entries: { entries: new Map(entries.map((each) => [each.id, each])) },
    svids: { identity: ({ id }) => (unsigned.includes(id) ? undefined : identities.get(id)) },
    status: sync ?? (() => ({ lastSuccess: instant, lastFailure: undefined, fromDiskSince: undefined })),
    procPath: '/proc',
  };
  await using endpoint = new AdminEndpoint({
    clock: systemClock,
    log: silentLogger,
    services: [explainService(ports)],
    socketPath,
    procPath: '/proc',
  });
  await endpoint.start();
  const client = agentExplainApi.createClient(`unix:${socketPath}`, credentials.createInsecure());
  try {
    return await call(client, 'ExplainWorkload', { pid: process.pid, ...request });
  } finally {
    client.close();
  }
}

const states = ({ matching }: ExplainWorkloadResponse__Output): unknown[] =>
  matching.map((each) => [each.entry?.id, each.state, each.is_default]);

describe('ExplainWorkload', () => {
  it('tells who the process is, what each attestor found, and what the Workload API answers, in its order', async () => {
    const told = await explain({ entries: [entry('b', { hint: 'x' }), entry('a'), entry('c', { hint: 'x' })] });
    assert.deepEqual([told.uid, told.gid], [process.geteuid?.(), process.getegid?.()]);
    assert.deepEqual(told.agent_id, { trust_domain: 'example.org', path: agentId.path });
    assert.deepEqual(told.attestors, [
      { type: 'unix', selectors: unix.selectors, error: '', timed_out: false, elapsed_ms: 1 },
    ]);
    assert.equal(told.answer, 'ANSWER_IDENTITIES');
    assert.deepEqual(states(told), [
      ['a', 'STATE_SERVED', true],
      ['b', 'STATE_SERVED', false],
      ['c', 'STATE_HINT_TAKEN', false],
    ]);
    const [first] = told.matching;
    assert.equal(first?.expires_at, String(instant.getTime() / 1000 + 3600));
  });

  it('tells of no identity and of the nearest entries, as many as are wanted', async () => {
    const entries = [
      entry('far', { selectors: [selector('k:1'), selector('k:2')] }),
      entry('near', { selectors: [selector('k:1')] }),
    ];
    const told = await explain({ entries });
    assert.equal(told.answer, 'ANSWER_NO_IDENTITY');
    assert.deepEqual(
      told.missed.map((each) => [each.entry?.id, each.missing_selectors]),
      [
        ['near', [selector('k:1')]],
        ['far', [selector('k:1'), selector('k:2')]],
      ],
    );
    const one = await explain({ entries }, { limit: 1 });
    assert.deepEqual([one.missed.length, one.missed_count], [1, 2]);
  });

  it('tells of what keeps a matching entry from being served', async () => {
    const told = await explain({ entries: [entry('a'), entry('b'), entry('c', { storeSvid: true })], unsigned: ['b'] });
    assert.equal(told.answer, 'ANSWER_WAITS');
    assert.deepEqual(states(told), [
      ['a', 'STATE_SERVED', true],
      ['b', 'STATE_WAITS', false],
      ['c', 'STATE_STORED', false],
    ]);
    const stored = await explain({ entries: [entry('c', { storeSvid: true })] });
    assert.equal(stored.answer, 'ANSWER_NO_IDENTITY');
  });

  it('tells of each attestor that failed or was too slow', async () => {
    const failures: AttestorReport[] = [
      { attestor: 'docker', elapsedMs: 2, kind: 'failed', error: new Error('connect ENOENT /run/docker.sock') },
      { attestor: 'systemd', elapsedMs: 5000, kind: 'timedOut' },
    ];
    const told = await explain({ reports: [unix, ...failures], entries: [entry('a')] });
    assert.equal(told.answer, 'ANSWER_IDENTITIES');
    assert.deepEqual(
      told.attestors.slice(1).map((each) => [each.type, each.error, each.timed_out, each.elapsed_ms]),
      [
        ['docker', 'connect ENOENT /run/docker.sock', false, 2],
        ['systemd', 'no answer in time', true, 5000],
      ],
    );
    const failed = await explain({ reports: failures, entries: [entry('a')] });
    assert.equal(failed.answer, 'ANSWER_ATTESTATION_FAILED');
  });

  it('tells no value of a container’s environment, unless an entry names that very selector', async () => {
    const variables = ['ROLE=web', 'PASSWORD=hunter2', 'NOTE=first\nhunter2', 'EMPTY=', 'NONE'];
    const selectors = variables.map((variable) => selector(`docker:env:${variable}`));
    const docker: AttestorReport = { attestor: 'docker', elapsedMs: 1, kind: 'found', selectors };
    const entries = [
      entry('matching', { selectors: [selector('docker:env:ROLE=web')] }),
      entry('missed', { selectors: [selector('docker:env:PASSWORD=letmein')] }),
    ];
    const told = await explain({ reports: [docker], entries });
    assert.deepEqual(
      told.attestors[0]?.selectors.map(({ value }) => value),
      ['env:ROLE=web', 'env:PASSWORD=…', 'env:NOTE=…', 'env:EMPTY=…', 'env:NONE'],
    );
    assert.doesNotMatch(JSON.stringify(told) + renderExplanation(told, 1), /hunter2/);
    const unmatched = renderExplanation(await explain({ reports: [unix, docker] }), 1);
    assert.match(unmatched, /--selector unix:uid:1000 .*--selector docker:env:NONE\n/);
    assert.match(unmatched, /^ {4}docker:env:ROLE=…$/m);
    assert.doesNotMatch(unmatched, /--selector '?docker:env:(?:ROLE|PASSWORD|NOTE|EMPTY)/);
  });

  it('tells how the agent stands with its server', async () => {
    const at = new Date('2030-01-01T00:01:00Z');
    const lastFailure = { at, message: 'connection refused' };
    const told = await explain({ status: () => ({ lastSuccess: undefined, lastFailure, fromDiskSince: instant }) });
    assert.deepEqual(told.sync, {
      last_success: '0',
      last_failure: String(at.getTime() / 1000),
      last_error: 'connection refused',
      from_disk_since: String(instant.getTime() / 1000),
    });
  });

  it('says that a process is dead', async () => {
    const child = spawn(process.execPath, ['--eval', '']);
    await once(child, 'close');
    await assert.rejects(explain({}, { pid: child.pid }), {
      code: status.NOT_FOUND,
      details: /^there is no process \d+, or no longer/,
    });
  });

  for (const pid of [0, -1]) {
    it(`refuses ${pid} as the number of a process`, async () => {
      await assert.rejects(explain({}, { pid }), { code: status.INVALID_ARGUMENT, details: /pid/ });
    });
  }
});
