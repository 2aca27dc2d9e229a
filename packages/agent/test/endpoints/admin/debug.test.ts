import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { ManualClock, TestCa } from '@credence/sdk/testing';
import { agentDebugApi } from '@credence/sdk/wire';
import { call } from '../../../../sdk/dist-test/support/call.js';
import type { AgentSvid } from '../../../dist/domain/agent-svid.js';
import { rootBundle } from '../../../dist/domain/root-bundle.js';
import { debugService, type DebugPorts } from '../../../dist/endpoints/admin/debug.js';
import { TestAdminEndpoint } from '../../support/admin-endpoint.js';

describe('the Debug service', () => {
  let ca: TestCa;
  let ports: DebugPorts;
  let clock: ManualClock;
  let svids: number;

  beforeEach(async () => {
    clock = new ManualClock(new Date());
    ca = await TestCa.create('example.org');
    const { id, certificates, notBefore, expiresAt } = await ca.x509Svid('/spire/agent/x');
    const chain = certificates.map(({ raw }) => raw);
    const svid: AgentSvid = { id, chain, privateKey: Buffer.alloc(0), notBefore, expiresAt, reattestable: false };
    svids = 3;
    ports = {
      clock,
      agentSvid: () => svid,
      bundle: () =>
        rootBundle(
          ca.trustDomain,
          ca.bundle().authorities.map(({ raw }) => raw),
        ),
      lastSync: () => new Date(1_700_000_000_999),
      x509SvidCount: () => svids,
      jwtSvidCount: () => 2,
    };
  });

  it('tells of the chain up to the root, of the last synchronization and of what is held', async () => {
    await using endpoint = await TestAdminEndpoint.start(debugService(ports));
    await clock.advance(61_500);
    const { svid_chain: chain, ...facts } = await call(endpoint.client(agentDebugApi), 'GetInfo', {});
    assert.deepEqual(
      chain.map(({ id }) => id),
      [
        { trust_domain: 'example.org', path: '/spire/agent/x' },
        { trust_domain: 'example.org', path: '' },
      ],
    );
    assert.deepEqual(facts, {
      uptime: 61,
      svids_count: 3,
      last_sync_success: '1700000000',
      cached_x509_svids_count: 3,
      cached_jwt_svids_count: 2,
      cached_svidstore_x509_svids_count: 0,
    });
  });

  it('says 0 while there was no synchronization', async () => {
    await using endpoint = await TestAdminEndpoint.start(debugService({ ...ports, lastSync: () => undefined }));
    assert.equal((await call(endpoint.client(agentDebugApi), 'GetInfo', {})).last_sync_success, '0');
  });

  it('answers the same for five seconds', async () => {
    await using endpoint = await TestAdminEndpoint.start(debugService(ports));
    const client = endpoint.client(agentDebugApi);
    const count = async (): Promise<number> => (await call(client, 'GetInfo', {})).svids_count;
    assert.equal(await count(), 3);
    svids = 4;
    await clock.advance(4999);
    assert.equal(await count(), 3);
    await clock.advance(1);
    assert.equal(await count(), 4);
  });

  it('fails when the bundle does not verify the SVID, until it does', async () => {
    const other = await TestCa.create('example.org');
    let trusted = other;
    const bundle = (): ReturnType<DebugPorts['bundle']> =>
      rootBundle(
        ca.trustDomain,
        trusted.bundle().authorities.map(({ raw }) => raw),
      );
    await using endpoint = await TestAdminEndpoint.start(debugService({ ...ports, bundle }));
    const client = endpoint.client(agentDebugApi);
    await assert.rejects(call(client, 'GetInfo', {}), {
      code: status.INTERNAL,
      details: /^failed to verify agent SVID: /,
    });
    trusted = ca;
    assert.equal((await call(client, 'GetInfo', {})).svid_chain.length, 2);
  });
});
