// Callers over TLS that are no agents call everything there is: nobody gets more than what is meant for him, nothing is
// signed or changed on the way, and each attempt leaves its audit record.
import assert from 'node:assert/strict';
import { credentials, status, type Client } from '@grpc/grpc-js';
import {
  agentApi,
  bundleApi,
  changesApi,
  entryApi,
  localAuthorityApi,
  svidApi,
  trustDomainApi,
} from '@credence/sdk/wire';
import type { AgentClient } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/Agent.js';
import type { RogueAgent } from '../support/rogue-agent.js';
import { callByPath, csr, firstAnswer, ofAgents, refusal, RogueScene } from '../support/rogue-scene.js';

const services = [agentApi, bundleApi, changesApi, entryApi, localAuthorityApi, svidApi, trustDomainApi];
const methods = services.flatMap(({ definition }) => Object.entries(definition));
const ofEverybody = ['AttestAgent', 'GetBundle'];
const ofDownstreams = ['NewDownstreamX509CA', 'PublishJWTAuthority', 'PublishWITAuthority'];
const ofAgentsAlone = [...Object.keys(ofAgents).filter((name) => name !== 'GetFederatedBundle'), 'BatchNewWITSVID'];

describe('a caller that is no agent, and calls everything', () => {
  let scene: RogueScene;
  let agent: RogueAgent;
  let nobody: AgentClient;
  const callers = new Map<string, { readonly client: Client; readonly id: string | undefined }>();

  before(async () => {
    scene = await RogueScene.create();
    agent = await scene.join();
    const root = Buffer.from(scene.server.roots);
    const channel = credentials.createSsl(root, null, null, { checkServerIdentity: (): undefined => undefined });
    nobody = agentApi.createClient(`127.0.0.1:${scene.server.port}`, channel);
    callers.set('nobody', { client: nobody, id: undefined });
    for (const name of ['workload', 'downstream', 'admin']) {
      await scene.entry(name, agent.svid.path, { downstream: name === 'downstream', admin: name === 'admin' });
      const { agents, id } = await agent.workload(name);
      callers.set(name, { client: agents, id });
    }
  });

  after(async () => {
    for (const { client } of callers.values()) client.close();
    agent[Symbol.dispose]();
    await scene[Symbol.asyncDispose]();
  });

  const table: readonly (readonly [caller: string, refused: (method: string) => boolean])[] = [
    ['nobody', (method) => !ofEverybody.includes(method)],
    ['workload', (method) => !ofEverybody.includes(method)],
    ['downstream', (method) => ![...ofEverybody, ...ofDownstreams].includes(method)],
    ['admin', (method) => [...ofDownstreams, ...ofAgentsAlone].includes(method)],
  ];
  for (const [caller, isRefused] of table) {
    it(`as ${caller}: denied is what is not meant for it, before it is read`, async () => {
      const { client, id } = callers.get(caller) ?? assert.fail();
      await scene.nothingFrom(async () => {
        for (const [method, { path }] of methods.filter(([name]) => isRefused(name))) {
          // Not even protobuf.
          const error = await refusal(callByPath(client, path, Buffer.of(0xff)));
          assert.deepEqual(
            [error.code, error.details],
            [status.PERMISSION_DENIED, `authorization denied for method ${path}`],
          );
          await scene.audited({ method, caller_id: id, status_code: 'PERMISSION_DENIED' });
        }
      });
    });
  }

  const texts = [
    'a\r\n{"type":"audit","caller_id":"forged"}',
    '\u001b[2J\u001b]0;title\u0007',
    '\u2028\u2029\u0085\u202e',
    `' OR '1'='1`,
    '__proto__',
    '../spire/server',
    'x'.repeat(50_000),
  ];
  for (const text of texts) {
    const attest = (type: string, payload: string): Promise<unknown> =>
      firstAnswer(nobody.AttestAgent(), { params: { data: { type, payload: Buffer.from(payload) }, params: { csr } } });

    it(`as nobody: does not attest by ${JSON.stringify(text.slice(0, 50))}, of a type or as a token`, async () => {
      await scene.nothingFrom(async () => {
        const byType = await refusal(attest(text, 'x'));
        assert.equal(byType.code, status.FAILED_PRECONDITION);
        assert.ok(byType.details.length < 1000);
        const byToken = await refusal(attest('join_token', text));
        assert.deepEqual(
          [byToken.code, byToken.details],
          [status.INVALID_ARGUMENT, 'failed to attest: join token does not exist or has already been used'],
        );
      });
      assert.doesNotMatch(scene.record.output, /[^\P{C}\n]/u);
      assert.deepEqual(scene.record.audited({ caller_id: 'forged' }), []);
      assert.ok(scene.record.output.split('\n').every((line) => line.length < 5000));
    });
  }
});
