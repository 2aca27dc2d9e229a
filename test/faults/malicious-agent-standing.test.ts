// Callers whose certificate does not make them an agent in good standing: forged, a workload's, or of an agent that was
// evicted, banned, superseded or has expired. Each method refuses them, also on a connection that was good when it was
// opened; nothing is signed, and each attempt leaves its audit record.
import assert from 'node:assert/strict';
import { status, type ServiceError } from '@grpc/grpc-js';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { TestCa } from '@credence/sdk/testing';
import { permissionDeniedReason } from '@credence/sdk/wire';
import { Certificate, signCertificate, subjectAltNameExtension } from '@credence/sdk/x509';
import { call, type AgentSvid } from '../support/grpc.js';
import type { RogueAgent } from '../support/rogue-agent.js';
import { csr, named, ofAgents, refusal, RogueScene } from '../support/rogue-scene.js';
import { until } from '../support/until.js';

const denied = status.PERMISSION_DENIED;

describe('a caller that is no agent', () => {
  let scene: RogueScene;
  let mallory: RogueAgent;
  let victim: RogueAgent;

  before(async () => {
    scene = await RogueScene.create();
    [mallory, victim] = [await scene.join(), await scene.join()];
    await scene.entry('own', mallory.svid.path);
    await scene.entry('admin', victim.svid.path, { admin: true });
    await scene.entry('downstream', victim.svid.path, { downstream: true });
  });

  after(async () => {
    for (const agent of [mallory, victim]) agent[Symbol.dispose]();
    await scene[Symbol.asyncDispose]();
  });

  describe('presents a certificate that the server did not issue', () => {
    let forger: TestCa;
    before(async () => {
      forger = await TestCa.create('example.org');
    });

    /** A chain in which the agent's own SVID issues for another ID. */
    async function issuedBy({ chain, key }: AgentSvid, uri: string): Promise<AgentSvid> {
      const own = Certificate.parse(chain[0] ?? Buffer.alloc(0));
      const leafKey = await generateKey('ec-p256');
      const template = {
        serialNumber: Buffer.of(1),
        issuer: own.subject,
        subject: own.subject,
        notBefore: own.notBefore,
        notAfter: own.notAfter,
        publicKeyInfo: publicKeyInfoOf(leafKey),
        extensions: [subjectAltNameExtension({ uris: [uri] })],
      };
      return { path: '', chain: [signCertificate(template, key), ...chain], key: leafKey };
    }

    for (const whose of ['the server', 'the victim', 'an admin'] as const) {
      const idOf = (): string =>
        whose === 'the victim' ? victim.id : `spiffe://example.org/${whose === 'an admin' ? 'admin' : 'spire/server'}`;

      it(`for ${whose}, by an authority that names the same trust domain: no handshake`, async () => {
        const { chain, privateKey } = await forger.credential(idOf());
        using rogue = mallory.as({ path: '', chain, key: privateKey });
        const error = await scene.nothingFrom(() => refusal(call(rogue.entries, 'GetAuthorizedEntries', {})));
        assert.equal(error.code, status.UNAVAILABLE);
      });

      it(`for ${whose}, by its own SVID: no handshake`, async () => {
        await call(mallory.as().entries, 'GetAuthorizedEntries', {});
        using rogue = mallory.as(await issuedBy(mallory.svid, idOf()));
        const error = await scene.nothingFrom(() => refusal(call(rogue.entries, 'GetAuthorizedEntries', {})));
        assert.equal(error.code, status.UNAVAILABLE);
      });
    }
  });

  describe('presents the SVID of a workload', () => {
    let workload: RogueAgent;
    before(async () => {
      workload = await mallory.workload('own');
    });
    after(() => {
      workload[Symbol.dispose]();
    });

    for (const [method, attempt] of Object.entries(ofAgents)) {
      it(`to ${method}: it is no agent`, async () => {
        const error = await scene.nothingFrom(() => refusal(attempt(workload)));
        assert.deepEqual([error.code, permissionDeniedReason(error)], [denied, 'AGENT_NOT_ATTESTED']);
        await scene.audited({ caller_id: 'spiffe://example.org/own', method, status_code: 'PERMISSION_DENIED' });
      });
    }

    it('to NewDownstreamX509CA, without the flag: no authority', async () => {
      const error = await scene.nothingFrom(() => refusal(call(workload.svids, 'NewDownstreamX509CA', { csr })));
      assert.equal(error.code, denied);
      using downstream = await victim.workload('downstream');
      assert.equal((await call(downstream.svids, 'NewDownstreamX509CA', { csr })).ca_cert_chain.length, 1);
    });

    it('to PublishJWTAuthority, without the flag: the bundle stays', async () => {
      const key = { key_id: 'rogue', public_key: publicKeyInfoOf(await generateKey('ec-p256')) };
      const attempt = (of: RogueAgent): Promise<unknown> =>
        call(of.bundles, 'PublishJWTAuthority', { jwt_authority: key });
      const keys = async (): Promise<readonly string[]> =>
        (await call(scene.admin.bundles, 'GetBundle', {})).jwt_authorities.map(({ key_id: id }) => id);
      const before = await keys();
      assert.equal((await refusal(attempt(workload))).code, denied);
      assert.deepEqual(await keys(), before);
      using downstream = await victim.workload('downstream');
      await attempt(downstream);
      assert.deepEqual(await keys(), [...before, 'rogue']);
    });

    it('to MintX509SVID and ListEntries, without the flag: nothing', async () => {
      const attempts = [
        (of: RogueAgent) => call(of.entries, 'ListEntries', {}),
        (of: RogueAgent) => call(of.svids, 'MintJWTSVID', { id: named('/minted'), audience: ['api'] }),
      ];
      using admin = await victim.workload('admin');
      for (const attempt of attempts) {
        assert.equal((await scene.nothingFrom(() => refusal(attempt(workload)))).code, denied);
        await attempt(admin);
      }
    });

    it('on a connection that it has open, after its downstream entry was deleted: no authority', async () => {
      await scene.entry('short', mallory.svid.path, { downstream: true });
      using downstream = await mallory.workload('short');
      await call(downstream.svids, 'NewDownstreamX509CA', { csr });
      await call(scene.admin.entries, 'BatchDeleteEntry', { ids: ['short'] });
      const error = await scene.nothingFrom(() => refusal(call(downstream.svids, 'NewDownstreamX509CA', { csr })));
      assert.equal(error.code, denied);
    });
  });
});

describe('an agent whose SVID no longer counts', () => {
  let scene: RogueScene;

  before(async () => {
    scene = await RogueScene.create();
  });

  after(() => scene[Symbol.asyncDispose]());

  const standings = [
    {
      name: 'evicted',
      reason: 'AGENT_NOT_ATTESTED',
      end: (agent: RogueAgent) => call(scene.admin.agents, 'DeleteAgent', { id: named(agent.svid.path) }),
    },
    {
      name: 'banned',
      reason: 'AGENT_BANNED',
      end: (agent: RogueAgent) => call(scene.admin.agents, 'BanAgent', { id: named(agent.svid.path) }),
    },
    {
      name: 'superseded by one that it has used',
      reason: 'AGENT_NOT_ACTIVE',
      end: async (agent: RogueAgent) => {
        using renewed = await agent.renew();
        await call(renewed.agents, 'PostStatus', {});
      },
    },
  ];

  for (const { name, reason, end } of standings) {
    describe(name, () => {
      let agent: RogueAgent;
      let entry: string;

      before(async () => {
        agent = await scene.join();
        entry = `own-of-${reason}`;
        await scene.entry(entry, agent.svid.path);
        await call(agent.svids, 'NewJWTSVID', { entry_id: entry, audience: ['api'] });
        await end(agent);
      });

      after(() => {
        agent[Symbol.dispose]();
      });

      for (const [method, attempt] of Object.entries(ofAgents)) {
        it(`gets nothing from ${method}, on its open connection and on a new one`, async () => {
          using again = agent.as();
          for (const rogue of [agent, again]) {
            const error = await scene.nothingFrom(() => refusal(attempt(rogue)));
            assert.deepEqual([error.code, permissionDeniedReason(error)], [denied, reason]);
          }
          await scene.audited({ caller_id: agent.id, method, status_code: 'PERMISSION_DENIED' });
        });
      }

      it('gets nothing for an entry that it had', async () => {
        const request = { params: [{ entry_id: entry, csr }] };
        assert.equal(
          (await scene.nothingFrom(() => refusal(call(agent.svids, 'BatchNewX509SVID', request)))).code,
          denied,
        );
      });
    });
  }

  it('renewed and then renewed again: the first of the two, never used, is refused', async () => {
    using agent = await scene.join();
    using first = await agent.renew();
    using second = await agent.renew();
    const error = await scene.nothingFrom(() => refusal(call(first.agents, 'PostStatus', {})));
    assert.equal(permissionDeniedReason(error), 'AGENT_NOT_ACTIVE');
    await call(second.agents, 'PostStatus', {});
    assert.equal(permissionDeniedReason(await refusal(call(agent.agents, 'PostStatus', {}))), 'AGENT_NOT_ACTIVE');
  });

  it('banned: cannot renew itself back, and its watch ends', async () => {
    using agent = await scene.join();
    const watch = agent.changes.WatchChanges({});
    const ended = new Promise((resolve) => watch.on('error', resolve).on('end', resolve));
    await new Promise((resolve) => watch.once('data', resolve));
    using renewed = await agent.renew();
    await call(scene.admin.agents, 'BanAgent', { id: named(agent.svid.path) });
    await ended;
    for (const rogue of [agent, renewed]) {
      const error = await scene.nothingFrom(() => refusal(call(rogue.agents, 'RenewAgent', { params: { csr } })));
      assert.equal(permissionDeniedReason(error), 'AGENT_BANNED');
    }
  });
});

describe('an agent whose SVID has expired', () => {
  let scene: RogueScene;
  let agent: RogueAgent;

  before(async () => {
    scene = await RogueScene.create({ agent_ttl: '4s' });
    agent = await scene.join();
    await scene.entry('own', agent.svid.path);
    await ofAgents['BatchNewX509SVID']?.(agent);
    await until('the SVID to expire', async () => {
      try {
        await call(agent.agents, 'PostStatus', {});
        return false;
      } catch (error) {
        return permissionDeniedReason(error as ServiceError) === 'AGENT_EXPIRED';
      }
    });
  });

  after(async () => {
    agent[Symbol.dispose]();
    await scene[Symbol.asyncDispose]();
  });

  for (const [method, attempt] of Object.entries(ofAgents)) {
    it(`gets nothing from ${method} on its open connection, and no new connection`, async () => {
      const error = await scene.nothingFrom(() => refusal(attempt(agent)));
      assert.deepEqual([error.code, permissionDeniedReason(error)], [denied, 'AGENT_EXPIRED']);
      await scene.audited({ caller_id: agent.id, method, status_code: 'PERMISSION_DENIED' });
      using again = agent.as();
      assert.equal((await scene.nothingFrom(() => refusal(attempt(again)))).code, status.UNAVAILABLE);
    });
  }
});
