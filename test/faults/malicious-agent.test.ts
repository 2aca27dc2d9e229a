// An attested agent that turns against its server: what it may not have it does not get, nothing is signed on the way, and
// each attempt leaves its audit record. A real server, and stock gRPC clients over mutual TLS.
import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import {
  agentApi,
  bundleApi,
  changesApi,
  debugApi,
  entryApi,
  healthApi,
  localAuthorityApi,
  loggerApi,
  svidApi,
  trustDomainApi,
} from '@credence/sdk/wire';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { call } from '../support/grpc.js';
import type { RogueAgent } from '../support/rogue-agent.js';
import { callByPath, csr, firstAnswer, named, ofAgents, refusal, RogueScene } from '../support/rogue-scene.js';

// WIT-SVIDs are open to agents, and answered with UNIMPLEMENTED.
const openToAgents = [...Object.keys(ofAgents), 'BatchNewWITSVID', 'AttestAgent', 'GetBundle'];

describe('an attested agent that turns against its server', () => {
  let scene: RogueScene;
  let mallory: RogueAgent;
  let victim: RogueAgent;

  before(async () => {
    scene = await RogueScene.create();
    [mallory, victim] = [await scene.join(), await scene.join()];
    await scene.entry('own', mallory.svid.path);
    await scene.entry('victims', victim.svid.path);
    await scene.entry('below-victims', '/victims');
    await scene.entry('admin', victim.svid.path, { admin: true });
    await scene.entry('downstream', victim.svid.path, { downstream: true });
    await scene.entry('nobodys', '/nobody');
    await scene.entry('alias', '/spire/server', { selectors: [{ type: 'x509pop', value: 'subject:cn:node' }] });
    await scene.entry('below-alias', '/alias');
    await scene.entry('below-server', '/spire/server', { selectors: [{ type: 'none', value: 'of mallory' }] });
  });

  after(async () => {
    for (const agent of [mallory, victim]) agent[Symbol.dispose]();
    await scene[Symbol.asyncDispose]();
  });

  describe('asks for what an entry of another says', () => {
    const wanted = [
      { what: "another agent's entry", id: 'victims' },
      { what: "an entry below another agent's", id: 'below-victims' },
      { what: 'an admin entry', id: 'admin' },
      { what: 'a downstream entry', id: 'downstream' },
      { what: 'an entry of no agent', id: 'nobodys' },
      { what: 'a node alias that it does not have', id: 'alias' },
      { what: 'an entry below such an alias', id: 'below-alias' },
      { what: 'a child of the server', id: 'below-server' },
      { what: 'an entry that is not there', id: 'no-such-entry' },
      { what: 'an ID in another spelling', id: 'OWN' },
      { what: 'its own ID with a space', id: 'own ' },
      { what: 'its own ID with a NUL', id: 'own\0' },
      { what: 'the ID of the server', id: 'spiffe://example.org/spire/server' },
      { what: 'a property of every object', id: '__proto__' },
    ];

    it('and is served its own (the control)', async () => {
      await ofAgents['BatchNewX509SVID']?.(mallory);
      const before = await scene.record.signed();
      const { results } = await call(mallory.svids, 'BatchNewX509SVID', { params: [{ entry_id: 'own', csr }] });
      assert.equal(results[0]?.svid?.id?.path, '/own');
      const { svid } = await call(mallory.svids, 'NewJWTSVID', { entry_id: 'own', audience: ['api'] });
      assert.equal(svid?.id?.path, '/own');
      assert.equal(await scene.record.signed(), before + 2);
      await scene.audited({ caller_id: mallory.id, method: 'NewJWTSVID', entry_id: 'own', status: 'success' });
    });

    for (const { what, id } of wanted) {
      it(`${what}: no X.509-SVID`, async () => {
        const params = [{ entry_id: id, csr }];
        const { results } = await scene.nothingFrom(() => call(mallory.svids, 'BatchNewX509SVID', { params }));
        assert.deepEqual(results, [
          { status: { code: status.NOT_FOUND, message: 'entry not found or not authorized' }, svid: null },
        ]);
        await scene.audited({
          caller_id: mallory.id,
          method: 'BatchNewX509SVID',
          entry_id: id,
          status_code: 'NOT_FOUND',
        });
      });

      it(`${what}: no JWT-SVID`, async () => {
        const request = { entry_id: id, audience: ['api'] };
        const error = await scene.nothingFrom(() => refusal(call(mallory.svids, 'NewJWTSVID', request)));
        assert.deepEqual([error.code, error.details], [status.NOT_FOUND, 'entry not found or not authorized']);
        await scene.audited({ caller_id: mallory.id, method: 'NewJWTSVID', entry_id: id, status_code: 'NOT_FOUND' });
      });
    }

    it('among its own, in one batch: only its own is signed', async () => {
      const before = await scene.record.signed();
      const ids = ['victims', 'own', '', 'admin'];
      const params = ids.map((id) => ({ entry_id: id, csr }));
      const { results } = await call(mallory.svids, 'BatchNewX509SVID', { params });
      assert.deepEqual(
        results.map((result) => result.status?.code),
        [status.NOT_FOUND, status.OK, status.INVALID_ARGUMENT, status.NOT_FOUND],
      );
      assert.deepEqual(
        results.map(({ svid }) => svid?.id?.path),
        [undefined, '/own', undefined, undefined],
      );
      assert.equal(await scene.record.signed(), before + 1);
    });

    const absent = [
      {
        method: 'NewJWTSVID',
        of: () => call(mallory.svids, 'NewJWTSVID', { audience: ['api'] }),
        code: status.NOT_FOUND,
      },
      {
        method: 'BatchNewX509SVID',
        of: () => call(mallory.svids, 'BatchNewX509SVID', {}),
        code: status.INVALID_ARGUMENT,
      },
      { method: 'RenewAgent', of: () => call(mallory.agents, 'RenewAgent', {}), code: status.INVALID_ARGUMENT },
    ];
    for (const { method, of, code } of absent) {
      it(`none at all: ${method} answers ${status[code]}`, async () => {
        assert.equal((await scene.nothingFrom(() => refusal(of()))).code, code);
        await scene.audited({ caller_id: mallory.id, method, status_code: status[code] });
      });
    }
  });

  describe('asks which entries there are', () => {
    const pathsOf = (entries: readonly Entry[]): unknown => entries.map((entry) => entry.spiffe_id?.path);

    it('and learns of its own alone, by GetAuthorizedEntries', async () => {
      const { entries } = await call(mallory.entries, 'GetAuthorizedEntries', {});
      assert.deepEqual(pathsOf(entries), ['/own']);
    });

    it('and learns of its own alone, by SyncAuthorizedEntries', async () => {
      const answer = (await firstAnswer(mallory.entries.SyncAuthorizedEntries(), {})) as { entries: Entry[] };
      assert.deepEqual(pathsOf(answer.entries), ['/own']);
    });

    it('and learns of its own alone, by GetEntries', async () => {
      const ids = ['victims', 'own', 'admin', 'no-such-entry', '', 'own', '__proto__'];
      assert.deepEqual(pathsOf((await call(mallory.changes, 'GetEntries', { ids })).entries), ['/own']);
      const many = Array.from({ length: 501 }, (_, index) => String(index));
      const error = await scene.nothingFrom(() => refusal(call(mallory.changes, 'GetEntries', { ids: many })));
      assert.deepEqual([error.code, error.details], [status.INVALID_ARGUMENT, 'more than 500 IDs']);
    });

    it('and asks a stream of pages for others: only its own come', async () => {
      using many = await scene.join();
      const entries = Array.from({ length: 501 }, (_, index) => ({
        id: `many-${String(index)}`,
        spiffe_id: named(`/many/${String(index)}`),
        parent_id: named(many.svid.path),
        selectors: [{ type: 'unix', value: 'uid:1' }],
      }));
      await call(scene.admin.entries, 'BatchCreateEntry', { entries });
      const stream = many.entries.SyncAuthorizedEntries();
      const answers = stream[Symbol.asyncIterator]();
      const next = async (): Promise<{ entries: Entry[]; entry_revisions: unknown[]; more: boolean }> =>
        ((await answers.next()) as { value: never }).value;
      stream.write({});
      assert.equal((await next()).entry_revisions.length, 500);
      assert.equal((await next()).entry_revisions.length, 1);
      stream.write({ ids: ['victims', 'many-7', 'admin', 'no-such-entry', ''] });
      assert.deepEqual(pathsOf((await next()).entries), ['/many/7']);
      stream.end();
      await call(scene.admin.entries, 'BatchDeleteEntry', { ids: entries.map(({ id }) => id) });
    });
  });

  describe('calls what is not for agents', () => {
    const served = [agentApi, bundleApi, changesApi, entryApi, localAuthorityApi, svidApi, trustDomainApi];
    for (const { definition } of served) {
      const methods = Object.entries(definition).filter(([name]) => !openToAgents.includes(name));
      for (const [method, { path }] of methods) {
        it(`${path} is denied`, async () => {
          const error = await scene.nothingFrom(() => refusal(callByPath(mallory.agents, path)));
          assert.deepEqual(
            [error.code, error.details],
            [status.PERMISSION_DENIED, `authorization denied for method ${path}`],
          );
          await scene.audited({ caller_id: mallory.id, method, status_code: 'PERMISSION_DENIED' });
        });
      }
    }

    for (const { name, definition } of [debugApi, healthApi, loggerApi]) {
      it(`${name} is not there: only the admin socket serves it`, async () => {
        for (const { path } of Object.values(definition)) {
          const error = await scene.nothingFrom(() => refusal(callByPath(mallory.agents, path)));
          assert.equal(error.code, status.UNIMPLEMENTED, path);
        }
      });
    }
  });

  describe('sends what is made to hurt', () => {
    const texts = [
      { name: 'a line that looks like a record', text: 'a\r\n{"type":"audit","caller_id":"forged"}' },
      { name: 'a code that clears the screen', text: '\u001b[2J\u001b]0;title\u0007' },
      { name: 'a code of one byte (C1)', text: '\u009b31m' },
      { name: 'separators and marks of Unicode', text: '\u2028\u2029\u0085\u202e' },
      { name: 'a statement of SQL', text: `'; DELETE FROM attested_agents; --` },
    ];
    for (const { name, text } of texts) {
      it(`${name}: it is refused, and is text on one line of the log`, async () => {
        const params = [{ entry_id: text, csr }];
        await scene.nothingFrom(async () => {
          await call(mallory.svids, 'BatchNewX509SVID', { params });
          await refusal(call(mallory.svids, 'NewJWTSVID', { entry_id: text, audience: [text] }));
          await refusal(call(mallory.bundles, 'GetFederatedBundle', { trust_domain: text }));
        });
        for (const method of ['BatchNewX509SVID', 'NewJWTSVID']) {
          await scene.audited({ caller_id: mallory.id, method, entry_id: text });
        }
        await scene.audited({ caller_id: mallory.id, method: 'GetFederatedBundle', trust_domain: text });
        assert.doesNotMatch(scene.record.output, /[^\P{C}\n]/u);
        assert.deepEqual(scene.record.audited({ caller_id: 'forged' }), []);
      });
    }

    const path = '/spire.api.server.svid.v1.SVID/BatchNewX509SVID';
    const messages = [
      { name: 'no protobuf', message: Buffer.from('not protobuf'), code: status.INTERNAL },
      { name: 'a field that is longer than the message', message: Buffer.of(0x0a, 0x7f, 1), code: status.INTERNAL },
      { name: 'more than 4 MiB', message: Buffer.alloc(4 * 2 ** 20 + 1), code: status.RESOURCE_EXHAUSTED },
    ];
    for (const { name, message, code } of messages) {
      it(`a message that is ${name}: it is refused, and the next is answered`, async () => {
        const error = await scene.nothingFrom(() => refusal(callByPath(mallory.open(agentApi), path, message)));
        assert.equal(error.code, code, error.details);
        await call(mallory.agents, 'PostStatus', {});
      });
    }

    it('fifty thousand requests in one batch: none is signed, and others are served meanwhile', async () => {
      const params = Array.from({ length: 50_000 }, () => ({ entry_id: 'victims' }));
      await scene.nothingFrom(async () => {
        const flood = refusal(
          call(mallory.svids, 'BatchNewX509SVID', { params }).then(() => Promise.reject(new Error())),
        );
        await call(mallory.agents, 'PostStatus', {});
        await flood;
      });
    }).timeout(60_000);
  });
});
