// What every AgentStore keeps to.
import assert from 'node:assert/strict';
import type { AgentFilter, AttestedAgent } from '../../dist/domain/attested-agent.js';
import type { AgentStore } from '../../dist/datastore/agent-store.js';
import {
  agent1,
  attestation,
  collect,
  id,
  newEntry,
  selectors,
  start,
  withDatastore,
  type CreateDatabase,
} from './fixtures.js';

const attested: AttestedAgent = { ...attestation(), renewed: undefined, agentVersion: '' };
const later = new Date(start.getTime() + 7_200_000);

export function describeAgentStore(create: CreateDatabase): void {
  describe('AgentStore', () => {
    it('gives back what an attestation wrote, each selector once', () =>
      withDatastore(create, async ({ datastore: { agents } }) => {
        await agents.attest(attestation({ canReattest: true, selectors: selectors('b:1', 'a:1', 'b:1') }));
        const expected = { ...attested, canReattest: true, selectors: selectors('b:1', 'a:1') };
        assert.deepEqual(await agents.get(agent1), expected);
        assert.deepEqual(await agents.getMany([agent1, id('/spire/agent/x/y')]), [expected]);
        assert.deepEqual(await collect(agents.all()), [expected]);
        assert.equal(await agents.get(id('/spire/agent/x/y')), undefined);
      }));

    it('replaces serial, expiry, selectors and reattestability when attested again; type and version stay', () =>
      withDatastore(create, async ({ datastore: { agents } }) => {
        await agents.attest(attestation({ selectors: selectors('old:1') }));
        await agents.setVersion(agent1, '1.2.3');
        await agents.renew(agent1, { serialNumber: '2', expiresAt: later });
        const again = { serialNumber: '3', expiresAt: later, canReattest: true, selectors: selectors('new:1') };
        await agents.attest(attestation({ ...again, attestationType: 'x509pop' }));
        assert.deepEqual(await agents.get(agent1), { ...attested, ...again, agentVersion: '1.2.3' });
        assert.equal(await agents.count({ selectors: { match: 'any', selectors: selectors('old:1') } }), 0);
      }));

    it('makes a renewed SVID the current one when it is used, and the newest renewal counts', () =>
      withDatastore(create, async ({ datastore: { agents } }) => {
        await agents.attest(attestation());
        await agents.renew(agent1, { serialNumber: '2', expiresAt: later });
        await agents.renew(agent1, { serialNumber: '3', expiresAt: later });
        await agents.promote(agent1, '2');
        assert.equal((await agents.get(agent1))?.serialNumber, '1');
        await agents.promote(agent1, '3');
        await agents.promote(agent1, '3');
        assert.deepEqual(await agents.get(agent1), { ...attested, serialNumber: '3', expiresAt: later });
      }));

    it('prunes what has expired with every SVID, in batches, never a ban, and tofu agents only when told', () =>
      withDatastore(create, async ({ datastore: { agents, changes } }) => {
        const names = ['again-1', 'again-2', 'renewed', 'banned', 'tofu', 'living'];
        for (const name of names) {
          const expiresAt = name === 'living' ? later : start;
          await agents.attest(
            attestation({ id: id(`/spire/agent/x/${name}`), canReattest: name !== 'tofu', expiresAt }),
          );
        }
        await agents.renew(id('/spire/agent/x/renewed'), { serialNumber: '2', expiresAt: later });
        await agents.ban(id('/spire/agent/x/banned'));
        const prune = async (includeTofu: boolean): Promise<readonly string[]> => {
          const pruned = await agents.pruneExpired({
            expiredBefore: new Date(start.getTime() + 1),
            includeTofu,
            limit: 1,
          });
          return pruned.map((text) => text.replace(/.*\//, ''));
        };
        const seen = await changes.last();
        assert.deepEqual(await prune(false), ['again-1']);
        assert.deepEqual(await prune(false), ['again-2']);
        assert.deepEqual(await prune(false), []);
        assert.deepEqual(await prune(true), ['tofu']);
        assert.deepEqual(await prune(true), []);
        assert.equal((await changes.since(seen, 10)).length, 3);
        assert.equal(await agents.count({}), 3);
      }));

    it('keeps a ban through renewal, promotion and attestation; only deletion lifts it', () =>
      withDatastore(create, async ({ datastore: { agents } }) => {
        await agents.attest(attestation());
        await agents.renew(agent1, { serialNumber: '2', expiresAt: later });
        await agents.ban(agent1);
        await agents.promote(agent1, '2');
        await assert.rejects(agents.renew(agent1, { serialNumber: '3', expiresAt: later }), {
          code: 'ERR_AGENT_BANNED',
        });
        await assert.rejects(agents.attest(attestation({ serialNumber: '4' })), { code: 'ERR_AGENT_BANNED' });
        assert.deepEqual(await agents.get(agent1), { ...attested, serialNumber: '' });
        await agents.delete(agent1);
        await agents.attest(attestation({ serialNumber: '5' }));
        assert.equal((await agents.get(agent1))?.serialNumber, '5');
      }));

    it('refuses to change an agent that is not there', () =>
      withDatastore(create, async ({ datastore: { agents } }) => {
        await agents.attest(attestation());
        await agents.delete(agent1);
        const code = 'ERR_AGENT_NOT_FOUND';
        await assert.rejects(agents.delete(agent1), { code });
        await assert.rejects(agents.ban(agent1), { code });
        await assert.rejects(agents.renew(agent1, { serialNumber: '2', expiresAt: later }), { code });
        await assert.rejects(agents.setVersion(agent1, 'x'), { code });
        await agents.promote(agent1, '1');
      }));

    it('deletes the alias of a join token with its agent, and no other entry', () =>
      withDatastore(create, async ({ datastore: { agents, entries, joinTokens, changes } }) => {
        const own = selectors(`spiffe_id:${String(agent1)}`);
        const alias = newEntry({ id: 'alias', parentId: agent1, spiffeId: id('/node'), selectors: own });
        await joinTokens.create({ value: 'one', expiresAt: later }, alias);
        await entries.create(newEntry({ id: 'child', parentId: agent1 }));
        await entries.create(newEntry({ id: 'more', parentId: agent1, selectors: [...own, ...selectors('a:1')] }));
        await entries.create(newEntry({ id: 'elsewhere', selectors: own }));
        await agents.attest(attestation({ selectors: selectors('a:1') }));
        const last = await changes.last();
        await agents.delete(agent1);
        assert.deepEqual(
          (await collect(entries.all())).map((entry) => entry.id),
          ['child', 'more', 'elsewhere'],
        );
        assert.deepEqual(
          (await changes.since(last, 10)).map(({ noun, key }) => [noun, key]),
          [
            ['agent', String(agent1)],
            ['entry', 'alias'],
          ],
        );
      }));

    it('keeps such an entry when the agent joined otherwise', () =>
      withDatastore(create, async ({ datastore: { agents, entries } }) => {
        await agents.attest(attestation({ attestationType: 'x509pop' }));
        await entries.create(newEntry({ parentId: agent1, selectors: selectors(`spiffe_id:${String(agent1)}`) }));
        await agents.delete(agent1);
        assert.equal(await entries.count({}), 1);
      }));

    describe('lists by', () => {
      const name = (n: string) => id(`/spire/agent/t/${n}`);
      const seed = async (agents: AgentStore): Promise<void> => {
        await agents.attest(attestation({ id: name('a'), attestationType: 'x509pop', selectors: selectors('s:1') }));
        await agents.attest(attestation({ id: name('b'), canReattest: true, selectors: selectors('s:1', 's:2') }));
        await agents.attest(attestation({ id: name('c'), expiresAt: later }));
        await agents.ban(name('c'));
      };
      const match = (kind: 'exact' | 'subset' | 'superset' | 'any', ...keys: string[]): AgentFilter => ({
        selectors: { match: kind, selectors: selectors(...keys) },
      });
      const cases: { name: string; filter: AgentFilter; found: string[] }[] = [
        { name: 'nothing', filter: {}, found: ['a', 'b', 'c'] },
        { name: 'attestation type', filter: { attestationType: 'x509pop' }, found: ['a'] },
        { name: 'banned', filter: { banned: true }, found: ['c'] },
        { name: 'not banned', filter: { banned: false }, found: ['a', 'b'] },
        { name: 'can reattest', filter: { canReattest: true }, found: ['b'] },
        { name: 'cannot reattest', filter: { canReattest: false }, found: ['a', 'c'] },
        { name: 'expiry', filter: { expiresBefore: later }, found: ['a', 'b'] },
        { name: 'exact selectors', filter: match('exact', 's:1'), found: ['a'] },
        { name: 'selector subset, without agents that have none', filter: match('subset', 's:1'), found: ['a'] },
        { name: 'selector superset', filter: match('superset', 's:1'), found: ['a', 'b'] },
        { name: 'any selector', filter: match('any', 's:2', 's:3'), found: ['b'] },
      ];
      for (const { name: title, filter, found } of cases) {
        it(title, () =>
          withDatastore(create, async ({ datastore: { agents } }) => {
            await seed(agents);
            const page = await agents.list(filter, { size: 10, token: '' });
            assert.deepEqual(
              page.items.map((agent) => agent.id.path.at(-1)),
              found,
            );
            assert.equal(await agents.count(filter), found.length);
          }),
        );
      }
    });
  });
}
