import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { SpiffeBundle } from '@credence/sdk';
import { publicKeyInfoOf } from '@credence/sdk/keys';
import { TestCa } from '@credence/sdk/testing';
import type { Bundle } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { entry } from '../support/entries.js';
import { refusal } from '../support/refusal.js';
import { joinAgent } from '../support/test-agent.js';
import { call, TestServer } from '../support/test-server.js';

const ca = await TestCa.create('partner.example');
const wire = (bundle: SpiffeBundle = ca.spiffeBundle(), changes: Partial<Bundle> = {}): Bundle => ({
  trust_domain: bundle.trustDomain.name,
  x509_authorities: bundle.x509.authorities.map(({ raw }) => ({ asn1: raw, tainted: false })),
  jwt_authorities: bundle.jwt.authorities.map(({ keyId, publicKey }) => ({
    public_key: publicKeyInfoOf(publicKey),
    key_id: keyId,
    expires_at: '0',
    tainted: false,
  })),
  refresh_hint: '60',
  sequence_number: '18446744073709551615',
  wit_authorities: [],
  ...changes,
});
const partner = 'partner.example';

describe('federated bundles', () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const get = (name = partner): Promise<Bundle> =>
    call(server.local.bundles, 'GetFederatedBundle', { trust_domain: name });
  const first = ({ results }: { readonly results: readonly { readonly status: unknown }[] }): unknown =>
    results[0]?.status;
  const ok = { code: status.OK, message: 'OK' };

  it('are created once, set any time, and given as they are, without taints', async () => {
    const { bundles } = server.local;
    const created = await call(bundles, 'BatchCreateFederatedBundle', { bundle: [wire(), wire()] });
    assert.deepEqual(created.results, [
      { status: ok, bundle: wire() },
      { status: { code: status.ALREADY_EXISTS, message: 'bundle already exists' }, bundle: null },
    ]);
    assert.deepEqual(await get(), wire());
    const [authority] = wire().x509_authorities ?? [];
    const tainted = wire(undefined, { x509_authorities: [{ ...authority, tainted: true }], sequence_number: '1' });
    const set = await call(bundles, 'BatchSetFederatedBundle', {
      bundle: [tainted],
      output_mask: { sequence_number: true },
    });
    assert.equal(set.results[0]?.bundle?.sequence_number, '1');
    assert.deepEqual(set.results[0].bundle.x509_authorities, []);
    assert.deepEqual(await get(`spiffe://${partner}/any`), wire(undefined, { sequence_number: '1' }));
  });

  it('are updated as the mask says, without a look at what it leaves out', async () => {
    const { bundles } = server.local;
    const change = { trust_domain: partner, refresh_hint: '7', x509_authorities: [{ asn1: Buffer.from('bad') }] };
    const request = { bundle: [change], input_mask: { refresh_hint: true } };
    const missing = await call(bundles, 'BatchUpdateFederatedBundle', request);
    assert.deepEqual(first(missing), { code: status.NOT_FOUND, message: 'bundle not found' });
    await call(bundles, 'BatchCreateFederatedBundle', { bundle: [wire()] });
    const updated = await call(bundles, 'BatchUpdateFederatedBundle', request);
    assert.deepEqual(updated.results, [{ status: ok, bundle: wire(undefined, { refresh_hint: '7' }) }]);
    const whole = await call(bundles, 'BatchUpdateFederatedBundle', { bundle: [change] });
    assert.equal(whole.results[0]?.status?.code, status.INVALID_ARGUMENT);
  });

  it('are listed without the own one', async () => {
    const { bundles } = server.local;
    const other = await TestCa.create('other.example');
    await call(bundles, 'BatchSetFederatedBundle', { bundle: [wire(), wire(other.spiffeBundle())] });
    const all = await call(bundles, 'ListFederatedBundles', { output_mask: {} });
    assert.deepEqual(
      [all.bundles.map(({ trust_domain: name }) => name), all.next_page_token],
      [['other.example', partner], ''],
    );
    const page = await call(bundles, 'ListFederatedBundles', { page_size: 1 });
    assert.deepEqual([page.bundles.length, page.next_page_token !== ''], [1, true]);
    assert.equal((await call(bundles, 'CountBundles', {})).count, 3);
  });

  it('are deleted by each mode: entries forbid it, go too, or lose the federation', async () => {
    const { bundles, entries } = server.local;
    const remove = async (mode: 'RESTRICT' | 'DELETE' | 'DISSOCIATE'): Promise<unknown> =>
      first(await call(bundles, 'BatchDeleteFederatedBundle', { trust_domains: [`spiffe://${partner}`], mode }));
    assert.deepEqual(await remove('RESTRICT'), { code: status.NOT_FOUND, message: 'bundle not found' });
    const federating = entry('/federating', { federates_with: [partner] });
    const create = async (): Promise<string> => {
      await call(bundles, 'BatchSetFederatedBundle', { bundle: [wire()] });
      const { results } = await call(entries, 'BatchCreateEntry', { entries: [federating] });
      return results[0]?.entry?.id ?? assert.fail(results[0]?.status?.message);
    };
    const id = await create();
    assert.deepEqual(await remove('RESTRICT'), {
      code: status.FAILED_PRECONDITION,
      message:
        'failed to delete federated bundle: datastore-sql: cannot delete bundle; federated with 1 registration entries',
    });
    assert.deepEqual(await remove('DISSOCIATE'), ok);
    assert.deepEqual((await call(entries, 'GetEntry', { id })).federates_with, []);
    await call(entries, 'BatchDeleteEntry', { ids: [id] });
    const next = await create();
    assert.deepEqual(await remove('DELETE'), ok);
    assert.equal(await refusal(call(entries, 'GetEntry', { id: next })), 'NOT_FOUND: entry not found');
    const mode = 7 as never;
    const unknown = await refusal(call(bundles, 'BatchDeleteFederatedBundle', { trust_domains: [partner], mode }));
    assert.equal(unknown, 'INVALID_ARGUMENT: unhandled delete mode 7');
  });

  it('must exist before an entry federates with them', async () => {
    const federating = entry('/federating', { federates_with: [partner] });
    const create = () => call(server.local.entries, 'BatchCreateEntry', { entries: [federating] });
    const message = `failed to create entry: unable to find federated bundle "spiffe://${partner}"`;
    assert.deepEqual(first(await create()), { code: status.INTERNAL, message });
    await call(server.local.bundles, 'BatchSetFederatedBundle', { bundle: [wire()] });
    assert.deepEqual(first(await create()), ok);
  });

  const unacceptable: readonly [string, Bundle, RegExp][] = [
    ['of the own trust domain', wire(undefined, { trust_domain: 'example.org' }), /server trust domain/],
    ['without a trust domain', wire(undefined, { trust_domain: '' }), /^trust domain argument is not valid: /],
    ['of what is no trust domain', wire(undefined, { trust_domain: 'A B' }), /^trust domain argument is not valid: /],
    [
      'with what is no certificate',
      wire(undefined, { x509_authorities: [{ asn1: Buffer.from('no') }] }),
      /^failed to convert bundle: asn1: /,
    ],
    [
      'with a key without an ID',
      wire(undefined, { jwt_authorities: [{ ...wire().jwt_authorities?.[0], key_id: '' }] }),
      /^failed to convert bundle: missing key ID/,
    ],
    [
      'with a key ID twice',
      wire(undefined, { jwt_authorities: [...(wire().jwt_authorities ?? []), ...(wire().jwt_authorities ?? [])] }),
      /^failed to convert bundle: key ID ".*" is given twice/,
    ],
    [
      'with a negative refresh hint',
      wire(undefined, { refresh_hint: '-1' }),
      /^failed to convert bundle: refresh_hint/,
    ],
  ];
  for (const [name, bundle, says] of unacceptable) {
    it(`are refused ${name}`, async () => {
      const { bundles } = server.local;
      for (const method of ['BatchCreateFederatedBundle', 'BatchSetFederatedBundle'] as const) {
        const { results } = await call(bundles, method, { bundle: [bundle] });
        assert.equal(results[0]?.status?.code, status.INVALID_ARGUMENT);
        assert.match(results[0].status.message, says);
      }
    });
  }

  it('are given to agents, and changed by administrators only', async () => {
    await call(server.local.bundles, 'BatchSetFederatedBundle', { bundle: [wire()] });
    const { bundles } = (await joinAgent(server)).clients;
    assert.deepEqual(await call(bundles, 'GetFederatedBundle', { trust_domain: partner }), wire());
    const none = await refusal(call(bundles, 'GetFederatedBundle', { trust_domain: 'none.example' }));
    assert.equal(none, 'NOT_FOUND: bundle not found');
    for (const method of ['ListFederatedBundles', 'BatchSetFederatedBundle', 'BatchDeleteFederatedBundle'] as const) {
      assert.match(await refusal(call(bundles, method, {})), /^PERMISSION_DENIED: /);
    }
  });
});
