import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { SpiffeId } from '@credence/sdk';
import { ManualClock } from '@credence/sdk/testing';
import { permissionDeniedReason, StatusError } from '@credence/sdk/wire';
import { Authorizer } from '../../dist/api/authorizer.js';
import type { Caller, Connection } from '../../dist/api/caller.js';
import { policy } from '../../dist/api/policy.js';
import type { AttestedAgent } from '../../dist/domain/attested-agent.js';
import type { RegistrationEntry } from '../../dist/domain/registration-entry.js';

const now = new Date('2030-01-01T00:00:00Z');
const later = new Date('2030-01-01T01:00:00Z');
const agentId = SpiffeId.parse('spiffe://example.org/spire/agent/join_token/a');
const configuredAdmin = SpiffeId.parse('spiffe://ops.example/admin');
const entryAdmin = SpiffeId.parse('spiffe://example.org/admin');
const downstreamId = SpiffeId.parse('spiffe://example.org/downstream');

const agent: AttestedAgent = {
  id: agentId,
  attestationType: 'join_token',
  serialNumber: '10',
  expiresAt: later,
  renewed: undefined,
  canReattest: false,
  agentVersion: '',
  selectors: [],
};

interface World {
  readonly row?: AttestedAgent | undefined;
  readonly promoted?: string[];
}

function authorizer({ row: first = agent, promoted = [] }: World = {}): Authorizer {
  let row = first;
  return new Authorizer({
    clock: new ManualClock(now),
    adminIds: [configuredAdmin],
    grants: {
      isAdmin: (id) => id.equals(entryAdmin),
      downstreamEntries: (id) => (id.equals(downstreamId) ? [{} as RegistrationEntry] : []),
    },
    agents: {
      get: (id) => Promise.resolve(id.equals(agentId) ? row : undefined),
      promote: (_, serial) => {
        promoted.push(serial);
        if (row.renewed?.serialNumber === serial) row = { ...row, ...row.renewed, renewed: undefined };
        return Promise.resolve();
      },
    },
  });
}

function remote(id?: SpiffeId, serialNumber = '10', expiresAt = later): Connection {
  const peer = id === undefined ? undefined : { id, serialNumber, expiresAt };
  return { kind: 'remote', token: 'remote:1', address: '192.0.2.1', peer };
}

const callers: readonly { name: string; connection: Connection; kind: Caller['kind'] }[] = [
  {
    name: 'the admin socket',
    connection: { kind: 'local', token: 'local:1', uid: 0, gid: 0, pid: 1, path: undefined },
    kind: 'local',
  },
  { name: 'an administrator by configuration', connection: remote(configuredAdmin), kind: 'admin' },
  { name: 'an administrator by entry', connection: remote(entryAdmin), kind: 'admin' },
  { name: 'an agent', connection: remote(agentId), kind: 'agent' },
  { name: 'a downstream server', connection: remote(downstreamId), kind: 'downstream' },
  { name: 'a workload', connection: remote(SpiffeId.parse('spiffe://example.org/web')), kind: 'anonymous' },
  { name: 'an anonymous client', connection: remote(), kind: 'anonymous' },
];

describe('Authorizer', () => {
  for (const { name, connection, kind } of callers) {
    for (const [method, rule] of policy) {
      const open = rule === 'any';
      const allowed = open || (kind !== 'anonymous' && rule.includes(kind));
      it(`${allowed ? 'lets' : 'refuses'} ${name} ${allowed ? 'call' : 'to call'} ${method}`, async () => {
        const decision = authorizer().authorize(method, connection);
        if (allowed) {
          assert.equal((await decision).kind, open ? 'anonymous' : kind);
          return;
        }
        await assert.rejects(decision, (error) => {
          assert.ok(error instanceof StatusError);
          assert.equal(error.code, status.PERMISSION_DENIED);
          assert.equal(error.details, `authorization denied for method ${method}`);
          return true;
        });
      });
    }
  }

  for (const { name, connection } of callers) {
    it(`refuses ${name} a method that the policy does not name`, async () => {
      const decision = authorizer().authorize('/spire.api.server.entry.v1.Entry/countEntries', connection);
      await assert.rejects(decision, { code: status.PERMISSION_DENIED });
    });
  }

  it('refuses an administrator whose SVID has expired since the handshake', async () => {
    const method = '/spire.api.server.entry.v1.Entry/GetEntry';
    assert.equal((await authorizer().authorize(method, remote(entryAdmin))).kind, 'admin');
    await assert.rejects(authorizer().authorize(method, remote(entryAdmin, '1', now)), {
      code: status.PERMISSION_DENIED,
    });
  });
});

const agentMethod = '/spire.api.server.agent.v1.Agent/RenewAgent';
const renewed: AttestedAgent = { ...agent, renewed: { serialNumber: '11', expiresAt: later } };

describe('the agent check', () => {
  const refused: readonly {
    name: string;
    row?: AttestedAgent;
    id?: SpiffeId;
    serial?: string;
    expiry?: Date;
    reason: string;
  }[] = [
    {
      name: 'an expired SVID, even of a banned agent',
      row: { ...agent, serialNumber: '' },
      expiry: now,
      reason: 'AGENT_EXPIRED',
    },
    {
      name: 'an ID that never attested',
      id: SpiffeId.parse('spiffe://example.org/spire/agent/x/y'),
      reason: 'AGENT_NOT_ATTESTED',
    },
    { name: 'a workload', id: SpiffeId.parse('spiffe://example.org/web'), reason: 'AGENT_NOT_ATTESTED' },
    { name: 'a banned agent', row: { ...agent, serialNumber: '' }, reason: 'AGENT_BANNED' },
    {
      name: 'a banned agent whose SVID has no serial number either',
      row: { ...agent, serialNumber: '' },
      serial: '',
      reason: 'AGENT_BANNED',
    },
    { name: 'a superseded serial number', serial: '9', reason: 'AGENT_NOT_ACTIVE' },
    {
      name: 'a serial number that is neither the current nor the renewed one',
      row: renewed,
      serial: '12',
      reason: 'AGENT_NOT_ACTIVE',
    },
  ];
  for (const { name, row, id = agentId, serial, expiry, reason } of refused) {
    it(`refuses ${name} with ${reason}`, async () => {
      assert.equal((await authorizer().authorize(agentMethod, remote(agentId))).kind, 'agent');
      const decision = authorizer({ row }).authorize(agentMethod, remote(id, serial, expiry));
      await assert.rejects(decision, (error) => {
        assert.ok(error instanceof StatusError);
        assert.equal(permissionDeniedReason(error as never), reason);
        return true;
      });
    });
  }

  it('gives an anonymous client no reason', async () => {
    await assert.rejects(authorizer().authorize(agentMethod, remote()), (error) => {
      assert.equal(permissionDeniedReason(error as never), undefined);
      return true;
    });
  });

  it('lets the old SVID of a renewed agent go on without promoting the new one', async () => {
    const promoted: string[] = [];
    await authorizer({ row: renewed, promoted }).authorize(agentMethod, remote(agentId, '10'));
    assert.deepEqual(promoted, []);
  });

  it('promotes a renewed SVID at its first use', async () => {
    const promoted: string[] = [];
    const caller = await authorizer({ row: renewed, promoted }).authorize(agentMethod, remote(agentId, '11'));
    assert.deepEqual(promoted, ['11']);
    assert.ok(caller.kind === 'agent');
    assert.equal(caller.agent.serialNumber, '11');
    assert.equal(caller.agent.renewed, undefined);
  });

  it('passes a failure of the datastore on, instead of taking it for an answer', async () => {
    const failing = new Authorizer({
      clock: new ManualClock(now),
      adminIds: [],
      grants: { isAdmin: () => false, downstreamEntries: () => [] },
      agents: { get: () => Promise.reject(new Error('disk')), promote: () => Promise.resolve() },
    });
    await assert.rejects(failing.authorize(agentMethod, remote(agentId)), /disk/);
  });
});
