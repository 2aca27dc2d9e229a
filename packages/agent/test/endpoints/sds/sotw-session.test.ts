import assert from 'node:assert/strict';
import { systemRandom } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import type { DiscoveryRequest__Output } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryRequest.js';
import type { Node__Output } from '@credence/sdk/wire/gen/envoy/config/core/v3/Node.js';
import { SecretCatalog } from '../../../dist/endpoints/sds/secret-catalog.js';
import { SotwSession } from '../../../dist/endpoints/sds/sotw-session.js';
import { defaultAgentSettings } from '../../../dist/settings.js';
import { identity, snapshot } from '../../support/fake-workload-snapshots.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { pem, readSecret } from '../../support/secrets.js';

type Node = Partial<Node__Output>;
const web: Node = { id: 'web-1\u001b[31m' };
const one = snapshot([identity('a')]);

function request(
  names: readonly string[],
  more: Partial<Omit<DiscoveryRequest__Output, 'node'>> & { node?: Node | undefined } = {},
): DiscoveryRequest__Output {
  const node =
    more.node === undefined ? null : { id: '', cluster: '', metadata: null, user_agent_name: '', ...more.node };
  const nothing = { version_info: '', type_url: '', response_nonce: '', error_detail: null };
  return { ...nothing, ...more, node, resource_names: [...names] };
}

describe('A stream of secrets', () => {
  let log: RecordingLogger;
  let clock: ManualClock;
  const sessionFor = (disableSpiffeCertValidation = false): SotwSession => {
    const catalogOf = (state: typeof one): SecretCatalog => new SecretCatalog(state, defaultAgentSettings.sds, false);
    return new SotwSession({ clock, random: systemRandom, disableSpiffeCertValidation, catalogOf }, log);
  };
  const warnings = (): readonly object[] =>
    log.records.filter(({ level }) => level === 'warn').map(({ message, fields }) => ({ message, ...fields }));

  beforeEach(() => {
    [log, clock] = [new RecordingLogger(), new ManualClock()];
  });

  it("logs a NACK with Envoy's own words, printable, once in a while", () => {
    const session = sessionFor();
    session.receive(request(['default'], { node: web }));
    const nonce = session.answer(one)?.nonce ?? '';
    assert.deepEqual(warnings(), []);
    const nack = request(['default'], {
      response_nonce: nonce,
      error_detail: { code: 3, message: 'Failed to load\nkey', details: [] },
    });
    for (let i = 0; i < 3; i++) session.receive(nack);
    const [node, names, reason] = ['web-1\\u001b[31m', '"default"', 'Failed to load\\u000akey'];
    assert.deepEqual(warnings(), [{ message: 'Envoy refused secrets', node, names, reason, unreported: 0 }]);
  });

  it('logs a NACK that gives no reason, by its older version, as any other', () => {
    const session = sessionFor();
    session.receive(request(['default'], { node: web }));
    const first = session.answer(one);
    const accepted = { version_info: first?.version_info ?? '', response_nonce: first?.nonce ?? '' };
    session.receive(request(['default'], accepted));
    const second = session.answer(snapshot([identity('b')]));
    assert.notEqual(second?.version_info, accepted.version_info);
    assert.deepEqual(warnings(), []);
    const nack = request(['default'], { ...accepted, response_nonce: second?.nonce ?? '' });
    for (let i = 0; i < 3; i++) session.receive(nack);
    const [node, names, reason] = ['web-1\\u001b[31m', '"default"', 'none given'];
    assert.deepEqual(warnings(), [{ message: 'Envoy refused secrets', node, names, reason, unreported: 0 }]);
  });

  it('logs the names that it holds back, and what the caller may have, once', () => {
    const session = sessionFor();
    session.receive(request(['spiffe://example.org/late', 'file-cert:x'], { node: web }));
    assert.equal(session.answer(one), undefined);
    assert.equal(session.answer(snapshot([identity('a'), identity('b')])), undefined);
    const message = 'secrets are held back: no entry gives them to the caller';
    const names = '"file-cert:x" "spiffe://example.org/late"';
    const identities = '"spiffe://example.org/a"';
    assert.deepEqual(warnings(), [{ message, node: 'web-1\\u001b[31m', names, identities, unreported: 0 }]);
  });

  it('sends the first by entry ID of two identities with one SPIFFE ID, and both of two with one hint', () => {
    const session = sessionFor();
    session.receive(request([]));
    const same = ['c', 'd'].map((entryId) => identity(entryId, { path: '/same' }));
    const hinted = ['e', 'f'].map((entryId) => identity(entryId, { hint: 'h' }));
    const { resources = [] } = session.answer(snapshot([...same, ...hinted])) ?? {};
    const secrets = resources.map((one) => readSecret(one as Parameters<typeof readSecret>[0]));
    const chain = (entryId: string): string => pem(`leaf ${entryId},`, 'intermediate');
    assert.deepEqual(
      secrets.slice(1).map((secret) => [secret.name, secret.chain]),
      [
        ['spiffe://example.org/same', chain('c')],
        ['spiffe://example.org/e', chain('e')],
        ['spiffe://example.org/f', chain('f')],
      ],
    );
  });

  it('logs that it ignores a stale request', () => {
    const session = sessionFor();
    session.receive(request(['default']));
    session.answer(one);
    session.receive(request(['ROOTCA'], { response_nonce: 'stale' }));
    assert.equal(session.answer(one), undefined);
    const message = 'ignoring a request with an unexpected nonce';
    assert.deepEqual(warnings(), [{ message, names: '"ROOTCA"', unreported: 0 }]);
  });

  it('refuses more than 1,024 names, and more than 64 KiB of them', () => {
    const names = (count: number, length = 1): string[] =>
      Array.from({ length: count }, (_, i) => String(i).padStart(length, 'x'));
    for (const accepted of [names(1024), names(64, 1024)]) sessionFor().receive(request(accepted));
    for (const refused of [names(1025), names(65, 1024)]) {
      assert.throws(
        () => {
          sessionFor().receive(request(refused));
        },
        {
          code: 3,
          message: /1024 of 65536 together are accepted/,
        },
      );
    }
    const session = sessionFor();
    session.receive(request(['default']));
    session.answer(one);
    const stale = request(names(1025), { response_nonce: 'stale' });
    assert.throws(() => {
      session.receive(stale);
    }, /1024 of 65536 together are accepted/);
  });

  it('refuses names by a status that is short and printable, however many and whatever they are', () => {
    const session = sessionFor();
    session.receive(request([...Array.from({ length: 1000 }, (_, i) => `${'\ud800\n'.repeat(30)}${i}`)]));
    assert.throws(
      () => session.answer(snapshot([])),
      ({ message }: Error) =>
        message.length < 16_000 && !/[^\x20-\x7e]/.test(message) && message.endsWith(' and 984 more]'),
    );
  });

  describe('is for the SPIFFE validator or plain', () => {
    const build = (major_number: number, minor_number: number): Node => ({
      user_agent_build_version: { version: { major_number, minor_number, patch: 0 }, metadata: null },
    });
    const wish = (value: object): Node => ({ metadata: { fields: { disable_spiffe_cert_validation: value } } });
    const text = (stringValue: string): Node => wish({ kind: 'stringValue', stringValue });
    const modeOf = (node: Node | undefined, disabled: boolean): 'plain' | 'spiffe' => {
      const session = sessionFor(disabled);
      session.receive(request(['ROOTCA'], { node }));
      const [resource] = session.answer(one)?.resources ?? [];
      assert.ok(resource !== undefined && 'value' in resource);
      const { trustedCa } = readSecret({ type_url: resource.type_url, value: Buffer.from(resource.value) });
      return trustedCa === undefined ? 'spiffe' : 'plain';
    };

    for (const { what, node, modes } of [
      { what: 'an Envoy that says nothing', node: undefined, modes: ['spiffe', 'plain'] },
      { what: 'Envoy 1.17', node: build(1, 17), modes: ['plain', 'plain'] },
      { what: 'Envoy 0.99', node: build(0, 99), modes: ['plain', 'plain'] },
      { what: 'Envoy 1.18', node: build(1, 18), modes: ['spiffe', 'plain'] },
      { what: 'Envoy 2.0', node: build(2, 0), modes: ['spiffe', 'plain'] },
      { what: 'a version as text', node: { user_agent_version: '1.2' }, modes: ['spiffe', 'plain'] },
      {
        what: 'a build without version',
        node: { user_agent_build_version: { version: null, metadata: null } },
        modes: ['spiffe', 'plain'],
      },
      {
        what: 'an Envoy that wants none',
        node: wish({ kind: 'boolValue', boolValue: true }),
        modes: ['plain', 'plain'],
      },
      {
        what: 'an Envoy that wants it',
        node: wish({ kind: 'boolValue', boolValue: false }),
        modes: ['spiffe', 'spiffe'],
      },
      ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => ({
        what: `"${word}"`,
        node: text(word),
        modes: ['plain', 'plain'],
      })),
      ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => ({
        what: `"${word}"`,
        node: text(word),
        modes: ['spiffe', 'spiffe'],
      })),
      ...['yes', 'tRUE', ''].map((word) => ({ what: `"${word}"`, node: text(word), modes: ['spiffe', 'plain'] })),
      { what: 'a number', node: wish({ kind: 'numberValue', numberValue: 1 }), modes: ['spiffe', 'plain'] },
      { what: 'Envoy 1.17 that wants it', node: { ...build(1, 17), ...text('false') }, modes: ['plain', 'plain'] },
    ]) {
      it(`${modes.join(', or where the agent disables it ')}: ${what}`, () => {
        assert.deepEqual([modeOf(node, false), modeOf(node, true)], modes);
      });
    }

    it('as the node said that was sent last, also in a request without a node', () => {
      const session = sessionFor();
      session.receive(request(['ROOTCA'], { node: text('true') }));
      const nonce = session.answer(one)?.nonce ?? '';
      session.receive(request(['ALL'], { response_nonce: nonce }));
      // All roots as one set would let each trust domain speak for the others.
      assert.throws(() => session.answer(one), {
        code: 13,
        message: /unable to use "SPIFFE validator" on Envoy below 1\.17/,
      });
    });
  });
});
