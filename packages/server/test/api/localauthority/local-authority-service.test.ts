import assert from 'node:assert/strict';
import { Certificate } from '@credence/sdk/x509';
import { AuthorityKind } from '../support/local-authorities.js';
import { refusal } from '../support/refusal.js';
import { channel, joinAgent } from '../support/test-agent.js';
import { call, TestServer, type Clients } from '../support/test-server.js';

describe('the LocalAuthority service', () => {
  for (const kind of [new AuthorityKind('X509'), new AuthorityKind('JWT')]) {
    describe(`for ${kind.name} authorities`, () => {
      let server: TestServer;
      let admin: Clients;
      let first: string;
      before(async () => {
        server = await TestServer.start();
        admin = server.local;
        first = (await kind.state(admin)).active;
      });
      after(() => server[Symbol.asyncDispose]());

      it('shows the active one', async () => {
        assert.deepEqual(await kind.state(admin), { active: first, prepared: '', old: '' });
        assert.equal(await kind.signer(admin), first);
        assert.deepEqual(await kind.published(admin), [first]);
      });

      it('rotates: prepare, activate, taint, revoke; each is seen at once (FED-4.1-a, FED-4.1-c)', async () => {
        const second = await kind.prepare(admin);
        assert.deepEqual(await kind.state(admin), { active: first, prepared: second, old: '' });
        assert.deepEqual(await kind.published(admin), [first, second]);
        assert.equal(await kind.signer(admin), first, 'published, and not used yet');

        assert.equal(await kind.activate(admin, second), second);
        assert.deepEqual(await kind.state(admin), { active: second, prepared: '', old: first });
        assert.equal(await kind.signer(admin), second);

        assert.equal(await kind.taint(admin, first), first);
        assert.deepEqual(await kind.published(admin), [`${first}*`, second]);
        assert.deepEqual(await kind.state(admin), { active: second, prepared: '', old: first });

        assert.equal(await kind.revoke(admin, first), first);
        assert.deepEqual(await kind.published(admin), [second]);
        assert.equal(await kind.signer(admin), second);
        first = second;
      });

      it('replaces what is prepared when it prepares once more', async () => {
        const one = await kind.prepare(admin);
        const two = await kind.prepare(admin);
        assert.notEqual(one, two);
        assert.deepEqual(await kind.state(admin), { active: first, prepared: two, old: '' });
        assert.equal(await refusal(kind.activate(admin, one)), 'INVALID_ARGUMENT: unexpected authority ID');
        await kind.activate(admin, two);
        await kind.activate(admin, await kind.prepare(admin));
        first = (await kind.state(admin)).active;
      });

      it('goes up with the sequence number at each change (TDB-4.1.1-b, TDB-4.1.1-c)', async () => {
        const sequence = async (): Promise<bigint> =>
          BigInt((await call(admin.bundles, 'GetBundle', {})).sequence_number);
        const numbers = [await sequence()];
        const note = async (): Promise<number> => numbers.push(await sequence());
        const prepared = await kind.prepare(admin);
        await note();
        await kind.activate(admin, prepared);
        await kind.taint(admin, first);
        await note();
        await kind.revoke(admin, first);
        await note();
        const start = numbers[0]!;
        assert.deepEqual(numbers, [start, start + 1n, start + 2n, start + 3n]);
        first = prepared;
      });

      it('refuses what is not in the state for it, with the texts that operators know', async () => {
        const refused = {
          activate: async (id: string) => refusal(kind.activate(admin, id)),
          taint: async (id: string) => refusal(kind.taint(admin, id)),
          revoke: async (id: string) => refusal(kind.revoke(admin, id)),
        };
        const noRevocation = 'INVALID_ARGUMENT: invalid authority ID: no authority ID provided';
        for (const verb of ['activate', 'taint'] as const) {
          assert.equal(await refused[verb](''), 'INVALID_ARGUMENT: no authority ID provided');
          assert.equal(await refused[verb]('unknown'), 'INVALID_ARGUMENT: unexpected authority ID');
        }
        assert.equal(await refused.revoke(''), noRevocation);
        const unknown =
          kind.name === 'JWT'
            ? 'no JWT authority found with provided authority ID'
            : 'only Old local authority can be revoked';
        assert.equal(await refused.revoke('unknown'), `INVALID_ARGUMENT: invalid authority ID: ${unknown}`);

        const active = first;
        assert.equal(await refused.activate(active), 'INVALID_ARGUMENT: unexpected authority ID');
        assert.equal(await refused.taint(active), 'INVALID_ARGUMENT: unable to taint current local authority');
        assert.equal(
          await refused.revoke(active),
          'INVALID_ARGUMENT: invalid authority ID: unable to use current authority',
        );

        const prepared = await kind.prepare(admin);
        assert.equal(
          await refused.taint(prepared),
          'INVALID_ARGUMENT: only Old local authorities can be tainted: unsupported local authority status: PREPARED',
        );
        const whyPrepared =
          kind.name === 'JWT' ? 'unable to use a prepared key' : 'only Old local authority can be revoked';
        assert.equal(await refused.revoke(prepared), `INVALID_ARGUMENT: invalid authority ID: ${whyPrepared}`);

        await kind.activate(admin, prepared);
        assert.equal(
          await refused.activate(active),
          'INTERNAL: only Prepared authorities can be activated: unsupported local authority status: OLD',
        );
        const noun = kind.name === 'JWT' ? 'key' : 'root CA';
        assert.equal(
          await refused.revoke(active),
          `INTERNAL: failed to revoke ${kind.name} authority: it is not possible to revoke an untainted ${noun}`,
        );
        await kind.taint(admin, active);
        assert.equal(
          await refused.taint(active),
          `INTERNAL: failed to taint ${kind.name} authority: ${noun} is already tainted`,
        );
        await kind.revoke(admin, active);
        assert.match(await refused.taint(active), /^INTERNAL: failed to taint/);
        assert.equal(await kind.signer(admin), prepared);
      });

      it('is for administrators only', async () => {
        const agent = await joinAgent(server);
        const anonymous = server.remote(await channel(server));
        for (const clients of [agent.clients, anonymous]) {
          assert.match(await refusal(kind.state(clients)), /^PERMISSION_DENIED: /);
          assert.match(await refusal(kind.prepare(clients)), /^PERMISSION_DENIED: /);
          assert.match(await refusal(kind.activate(clients, first)), /^PERMISSION_DENIED: /);
          assert.match(await refusal(kind.taint(clients, first)), /^PERMISSION_DENIED: /);
          assert.match(await refusal(kind.revoke(clients, first)), /^PERMISSION_DENIED: /);
        }
      });
    });
  }

  it('has the server replace its own SVID when its authority is tainted, at once', async () => {
    await using server = await TestServer.start();
    const x509 = new AuthorityKind('X509');
    const served = async (): Promise<string> => {
      const agent = await joinAgent(server);
      return Certificate.parse(agent.svid.cert_chain[0]!).authorityKeyId!.toString('hex');
    };
    const { active: old } = await x509.state(server.local);
    const next = await x509.prepare(server.local);
    await x509.activate(server.local, next);
    await x509.taint(server.local, old);
    await x509.revoke(server.local, old);
    // The bundle that its callers verify it by holds the new authority alone.
    assert.deepEqual(await x509.published(server.local), [next]);
    assert.equal(await served(), next);
  });

  it('tells when authorities expire, and for how long a revoked one would have lived it does not', async () => {
    await using server = await TestServer.start({ caTtlMs: 3_600_000 });
    const { localAuthorities } = server.local;
    const { active } = await call(localAuthorities, 'GetX509AuthorityState', {});
    const left = Number(active?.expires_at) - Date.now() / 1000;
    assert.ok(left > 3500 && left <= 3600, `${left}`);
    assert.equal(active?.upstream_authority_subject_key_id, '');
    const prepared = await call(localAuthorities, 'PrepareX509Authority', {});
    await call(localAuthorities, 'ActivateX509Authority', prepared.prepared_authority!);
    const request = { authority_id: active.authority_id };
    const tainted = await call(localAuthorities, 'TaintX509Authority', request);
    assert.equal(tainted.tainted_authority?.expires_at, active.expires_at);
    const revoked = await call(localAuthorities, 'RevokeX509Authority', request);
    assert.equal(revoked.revoked_authority?.expires_at, '0');
  });

  it('has no upstream authority and no WIT authorities', async () => {
    await using server = await TestServer.start();
    const { localAuthorities } = server.local;
    const none = 'FAILED_PRECONDITION: upstream authority is not configured';
    assert.equal(await refusal(call(localAuthorities, 'TaintX509UpstreamAuthority', { subject_key_id: 'a' })), none);
    assert.equal(await refusal(call(localAuthorities, 'RevokeX509UpstreamAuthority', { subject_key_id: 'a' })), none);
    assert.match(await refusal(call(localAuthorities, 'GetWITAuthorityState', {})), /^UNIMPLEMENTED: /);
  });
});
