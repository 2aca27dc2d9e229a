import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { SpiffeId, TrustDomain } from '@credence/sdk';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { silentLogger, systemRandom } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import { renewAgent } from '../../../dist/api/agent/renew-agent.js';
import type { BundleServicePorts } from '../../../dist/api/bundle/ports.js';
import { publishJwtAuthority } from '../../../dist/api/bundle/publish-jwt-authority.js';
import type { Call } from '../../../dist/api/call.js';
import { AuditTrail } from '../../../dist/api/interceptors/audit.js';
import { unobserved } from '../../../dist/api/observer.js';
import { RateLimits } from '../../../dist/api/interceptors/rate-limit.js';
import { batchNewX509Svid } from '../../../dist/api/svid/batch-new-x509-svid.js';
import { newDownstreamX509Ca } from '../../../dist/api/svid/new-downstream-x509-ca.js';
import { newJwtSvid } from '../../../dist/api/svid/new-jwt-svid.js';
import { NodeAttestors } from '../../../dist/attestation/node-attestors.js';
import type { AgentStore } from '../../../dist/datastore/agent-store.js';
import type { AttestedAgent } from '../../../dist/domain/attested-agent.js';
import type { RegistrationEntry } from '../../../dist/domain/registration-entry.js';
import type { TrustBundle } from '../../../dist/domain/trust-bundle.js';
import { attestation, newEntry, start } from '../../datastore/fixtures.js';
import { refusal } from '../support/refusal.js';

const method = '/spire.api.server.svid.v1.SVID/BatchNewX509SVID';
const newJwt = '/spire.api.server.svid.v1.SVID/NewJWTSVID';
const downstreamCa = '/spire.api.server.svid.v1.SVID/NewDownstreamX509CA';
const publishJwt = '/spire.api.server.bundle.v1.Bundle/PublishJWTAuthority';
const renewal = '/spire.api.server.agent.v1.Agent/RenewAgent';
const attested: AttestedAgent = { ...attestation(), renewed: undefined, agentVersion: '' };
const entry: RegistrationEntry = { ...newEntry(), revisionNumber: 0, createdAt: start };
const csr = Buffer.from('a request');
const jwtKey = publicKeyInfoOf(await generateKey('ec-p256'));
const item = { entry_id: entry.id, csr };

/** An agent that has used up its rate, so that its next call waits for a second. */
class World {
  readonly clock: ManualClock = new ManualClock(start);
  row: AttestedAgent | undefined = attested;
  entry: RegistrationEntry | undefined = entry;
  signed = 0;
  /** Of the X.509-SVIDs. */
  readonly names: string[] = [];
  downstream: readonly RegistrationEntry[] = [entry];
  /** Runs while requests are checked. */
  whileChecking: () => void = () => undefined;
  readonly #limits = new RateLimits({
    clock: this.clock,
    settings: { attestation: true, signing: true },
    observer: unobserved,
  });
  readonly #ports = {
    trustDomain: TrustDomain.parse('example.org'),
    agents: { get: () => Promise.resolve(this.row), promote: () => Promise.resolve(), renew: () => Promise.resolve() },
    csrs: {
      check: (requests: readonly Uint8Array[]) => {
        this.whileChecking();
        return Promise.resolve(requests.map(() => ({ publicKeyInfo: csr, subject: csr, uriSans: [], dnsNames: [] })));
      },
    },
    issuer: {
      issueX509Svid: ({ spiffeId }: { readonly spiffeId: SpiffeId }) => {
        this.signed += 1;
        this.names.push(String(spiffeId));
        return { chain: [], serialNumber: '2', expiresAt: attested.expiresAt };
      },
    },
    jwtIssuer: {
      issueJwtSvid: () => {
        this.signed += 1;
        return { token: 'token', issuedAt: start, expiresAt: attested.expiresAt };
      },
    },
    downstreamIssuer: {
      issueDownstreamCa: () => {
        this.signed += 1;
        return { chain: [], expiresAt: attested.expiresAt };
      },
    },
    bundles: { get: () => Promise.resolve(undefined) },
    grants: { downstreamEntries: () => this.downstream },
    authorized: { forAgent: () => [entry], find: () => this.entry },
    rateLimits: this.#limits,
    clock: this.clock,
  };

  batch(size: number): Promise<unknown> {
    return batchNewX509Svid(this.#ports)({ params: Array.from({ length: size }, () => item) }, this.#call(method));
  }

  /** The second of two, of which the first uses up the rate of NewJWTSVID. */
  async newJwt(): Promise<unknown> {
    await this.#limits.take(this.#call(newJwt), 500);
    return newJwtSvid(this.#ports)({ entry_id: entry.id, audience: ['api'] }, this.#call(newJwt));
  }

  downstreamCa(): Promise<unknown> {
    const caller = { kind: 'downstream' as const, id: entry.spiffeId, entries: this.downstream };
    return newDownstreamX509Ca(this.#ports)({ csr, preferred_ttl: 0 }, { ...this.#call(downstreamCa), caller });
  }

  /** The second of two, of which the first uses up the rate of PublishJWTAuthority. */
  async publish(): Promise<unknown> {
    await this.#limits.take(this.#call(publishJwt), 500);
    const caller = { kind: 'downstream' as const, id: entry.spiffeId, entries: this.downstream };
    const call = { ...this.#call(publishJwt), caller };
    const bundle = {
      trustDomain: this.#ports.trustDomain,
      x509Authorities: [],
      refreshHintSeconds: 0,
      sequenceNumber: 1n,
    };
    const append = (): Promise<TrustBundle> => {
      this.signed += 1;
      return Promise.resolve({ ...bundle, jwtAuthorities: [] });
    };
    const bundles = { ...this.#ports.bundles, append } as unknown as BundleServicePorts['bundles'];
    const jwt_authority = { key_id: 'k', public_key: jwtKey, expires_at: '0', tainted: false };
    return publishJwtAuthority({ ...this.#ports, bundles })({ jwt_authority }, call);
  }

  renew(): Promise<unknown> {
    const more = {
      joinTokens: { create: () => Promise.resolve() },
      attestors: new NodeAttestors([]),
      log: silentLogger,
    };
    const agents = this.#ports.agents as unknown as AgentStore;
    const ports = { ...this.#ports, ...more, agents, random: systemRandom, agentTtlSeconds: 3600 };
    return renewAgent(ports)({ params: { csr } }, this.#call(renewal));
  }

  #call(name: string): Call {
    const peer = { id: SpiffeId.parse(String(attested.id)), serialNumber: '1', expiresAt: attested.expiresAt };
    return {
      method: name,
      connection: { kind: 'remote', token: 't', address: '192.0.2.1', peer },
      caller: { kind: 'agent', agent: attested },
      signal: new AbortController().signal,
      deadline: new Date(start.getTime() + 60_000),
      audit: new AuditTrail(),
    };
  }
}

describe('an agent that is refused while its call waits', () => {
  const changes = [
    { name: 'banned', row: { ...attested, serialNumber: '' }, says: /^PERMISSION_DENIED: .* \[AGENT_BANNED\]$/ },
    { name: 'evicted', row: undefined, says: /^PERMISSION_DENIED: .* \[AGENT_NOT_ATTESTED\]$/ },
    // Without a reason: it may call again by its new SVID.
    { name: 'superseded', row: { ...attested, serialNumber: '9' }, says: /^UNAVAILABLE: agent SVID was superseded$/ },
  ];
  const calls = [
    { name: 'BatchNewX509SVID', run: (world: World) => world.batch(500), signatures: 500 },
    { name: 'RenewAgent', run: (world: World) => world.renew(), signatures: 1 },
    { name: 'NewJWTSVID', run: (world: World) => world.newJwt(), signatures: 1, checksNoRequest: true },
  ];
  for (const { name, run, signatures, checksNoRequest = false } of calls) {
    it(`is served by ${name} after the wait when nothing changed`, async () => {
      const world = new World();
      await world.batch(500);
      const waiting = run(world);
      await world.clock.waitForSleepers(1);
      await world.clock.advance(1000);
      await waiting;
      assert.equal(world.signed, 500 + signatures);
    });

    for (const { name: change, row, says } of changes) {
      it(`gets nothing signed by ${name} once it is ${change} while the rate limit holds it up`, async () => {
        const world = new World();
        await world.batch(500);
        const refused = refusal(run(world));
        await world.clock.waitForSleepers(1);
        world.row = row;
        await world.clock.advance(1000);
        assert.match(await refused, says);
        assert.equal(world.signed, 500);
      });

      if (checksNoRequest) continue;
      it(`gets nothing signed by ${name} once it is ${change} while its requests are checked`, async () => {
        const world = new World();
        world.whileChecking = () => (world.row = row);
        assert.match(await refusal(run(world)), says);
        assert.equal(world.signed, 0);
      });
    }
  }
});

describe('a downstream server whose entry is deleted while its call waits', () => {
  it('publishes no JWT authority, and publishes one when nothing changed', async () => {
    for (const [downstream, published] of [
      [[entry], 1],
      [[], 0],
    ] as const) {
      const world = new World();
      const publishing = world.publish().then(
        () => 'published',
        (error: unknown) => refusal(Promise.reject(error as Error)),
      );
      await world.clock.waitForSleepers(1);
      world.downstream = downstream;
      await world.clock.advance(1000);
      assert.match(await publishing, published === 1 ? /^published$/ : /^PERMISSION_DENIED: authorization denied /);
      assert.equal(world.signed, published);
    }
  });
});

describe('an entry that goes while requests for it are checked', () => {
  it('is not signed for', async () => {
    const world = new World();
    await world.batch(1);
    assert.equal(world.signed, 1);
    world.whileChecking = () => (world.entry = undefined);
    const { results } = (await world.batch(1)) as { results: readonly { status: { code: number } }[] };
    assert.deepEqual(
      results.map(({ status: { code } }) => code),
      [status.NOT_FOUND],
    );
    assert.equal(world.signed, 1);
  });

  it('is signed for as it is now', async () => {
    const world = new World();
    const moved = { ...entry, spiffeId: SpiffeId.parse('spiffe://example.org/moved') };
    world.whileChecking = () => (world.entry = moved);
    await world.batch(1);
    assert.deepEqual(world.names, [String(moved.spiffeId)]);
  });
});

describe('a downstream server whose entry is deleted while its request is checked', () => {
  it('gets no authority, and gets one when nothing changed', async () => {
    const world = new World();
    await world.downstreamCa();
    assert.equal(world.signed, 1);
    world.whileChecking = () => (world.downstream = []);
    assert.match(await refusal(world.downstreamCa()), /^PERMISSION_DENIED: authorization denied for method /);
    assert.equal(world.signed, 1);
  });
});
