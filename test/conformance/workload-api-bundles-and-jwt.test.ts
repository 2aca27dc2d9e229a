// The bundle and JWT-SVID messages of the Workload API, each sent over the wire: a bad one changes nothing and is reported
// (SPIFFE Workload API §§4.4–4.5, 5.2.2, 6).
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  BundleSource,
  JwtBundle,
  JwtSource,
  verifyJwtSvid,
  verifyX509Svid,
  WorkloadApiClient,
  type SpiffeError,
} from '@credence/sdk';
import { FakeWorkloadApi, TestCa } from '@credence/sdk/testing';
import { until } from '../support/until.js';

const audience = 'spiffe://example.org/api';

describe('the bundle and JWT-SVID messages of the Workload API', () => {
  let ca: TestCa;
  let other: TestCa;
  let fake: FakeWorkloadApi;

  before(async () => {
    [ca, other] = [await TestCa.create('example.org'), await TestCa.create('other.test')];
  });
  beforeEach(async () => {
    fake = await FakeWorkloadApi.start();
    fake.setX509([], [ca.bundle(), other.bundle()]);
    fake.setJwt([ca.jwtBundle(), other.jwtBundle()]);
  });
  afterEach(() => fake[Symbol.asyncDispose]());

  const failure = async (source: JwtSource | BundleSource): Promise<SpiffeError> =>
    ((await once(source, 'error')) as [SpiffeError])[0];

  describe('for bundles', () => {
    it('EV-35: without any, they are reported and discarded (WAPI-4.5-b)', async () => {
      await using source = await BundleSource.create({ address: fake.address });
      for (const send of [
        (): void => {
          fake.setX509Response({}, { bundles: {} });
        },
        (): void => {
          fake.setJwtResponse({ bundles: { bundles: {} } });
        },
      ]) {
        const failed = failure(source);
        send();
        assert.match((await failed).message, /bundles is empty/);
      }
      assert.equal(source.bundleSet.bundles.length, 2);
    });

    it('EV-42: those that are left out are no longer used (WAPI-4.4-d, WAPI-5.2.2-e, WAPI-6.2.2-f)', async () => {
      await using source = await BundleSource.create({ address: fake.address });
      const { chain } = await other.credential('/peer');
      const token = await other.jwtToken('/peer', { audience });
      assert.equal(verifyX509Svid(chain, source).id.path, '/peer');
      assert.equal((await verifyJwtSvid(token, source, { audience })).id.path, '/peer');
      fake.setX509([], [ca.bundle()]);
      fake.setJwt([ca.jwtBundle()]);
      await until('the bundle to go', () => !source.bundleSet.has(other.trustDomain));
      assert.throws(() => verifyX509Svid(chain, source), { code: 'ERR_SPIFFE_VERIFY' });
      await assert.rejects(verifyJwtSvid(token, source, { audience }), { code: 'ERR_SPIFFE_JWT' });
    });

    it('X.509 bundles authenticate no token (WAPI-5.2.1-a, WAPI-5.2.2-a), JWT bundles no certificate (WAPI-6.2.2-a)', async () => {
      const jwtOnly = await TestCa.create('example.org');
      const { publicKey } = jwtOnly.certificate;
      fake.setX509([], [ca.bundle()]);
      fake.setJwt([
        JwtBundle.fromAuthorities(ca.trustDomain, [...ca.jwtBundle().authorities, { keyId: 'x', publicKey }]),
      ]);
      await using source = await BundleSource.create({ address: fake.address });
      assert.ok(verifyX509Svid((await ca.credential('/a')).chain, source));
      assert.ok(await verifyJwtSvid(await ca.jwtToken('/a', { audience }), source, { audience }));
      assert.ok(
        await verifyJwtSvid(await ca.jwtToken('/a', { audience, key: jwtOnly.key, header: { kid: 'x' } }), source, {
          audience,
        }),
      );
      const { chain } = await jwtOnly.credential('/a');
      assert.throws(() => verifyX509Svid(chain, source), { code: 'ERR_SPIFFE_VERIFY' });
      for (const kid of [undefined, 'x', ca.certificate.subjectKeyId?.toString('hex')]) {
        const token = await ca.jwtToken('/a', { audience, key: ca.key, header: { kid } });
        await assert.rejects(verifyJwtSvid(token, source, { audience }), { code: 'ERR_SPIFFE_JWT' });
      }
    });

    const jwks = (use?: unknown): Buffer => {
      const { keys } = JSON.parse(ca.jwtBundle().toJwks()) as { keys: object[] };
      return Buffer.from(JSON.stringify({ keys: keys.map((key) => (use === undefined ? key : { ...key, use })) }));
    };
    for (const { id, use, count } of [
      { id: 'BV-41', use: undefined, count: 1 },
      { id: 'BV-42', use: 'x509-svid', count: 0 },
      { id: 'BV-42', use: 'wit-svid', count: 0 },
      { id: 'BV-43', use: 'jwt-svid', count: 1 },
    ]) {
      it(`${id}: of JWT keys with the use ${String(use)} ${count} count`, async () => {
        fake.setJwtResponse({ bundles: { bundles: { 'spiffe://example.org': jwks(use) } } });
        await using source = await JwtSource.create({ address: fake.address });
        assert.equal(source.getJwtBundleForTrustDomain(ca.trustDomain).authorities.length, count);
      });
    }

    it('BV-43: those that the fake sends, as an agent should, have no use: stock libraries take them', () => {
      assert.ok(!ca.jwtBundle().toJwks().includes('"use"'));
    });

    for (const key of ['spiffe://example.org/', 'spiffe://example.org/x', 'spiffe://Example.org', '']) {
      it(`BV-40: under the key ${JSON.stringify(key)} they are discarded, under the bare name not`, async () => {
        fake.setJwtResponse({ bundles: { bundles: { 'example.org': jwks() } } });
        await using source = await JwtSource.create({ address: fake.address });
        const failed = failure(source);
        fake.setJwtResponse({ bundles: { bundles: { [key]: jwks() } } });
        assert.equal((await failed).code, 'ERR_SPIFFE_RESPONSE');
        assert.ok(source.getJwtBundleForTrustDomain(ca.trustDomain).equals(ca.jwtBundle()));
      });
    }

    for (const text of ['', '{}', '[]', '{"keys":{}}', '{"keys":[]} x', '{"keys":[],"keys":[]}']) {
      it(`EV-47: the JWK Set ${JSON.stringify(text)} is discarded, and those before it stay`, async () => {
        await using source = await JwtSource.create({ address: fake.address });
        const failed = failure(source);
        fake.setJwtResponse({ bundles: { bundles: { 'spiffe://example.org': Buffer.from(text) } } });
        assert.equal((await failed).code, 'ERR_SPIFFE_RESPONSE');
        assert.ok(source.getJwtBundleForTrustDomain(ca.trustDomain).equals(ca.jwtBundle()));
      });
    }
  });

  describe('for JWT-SVIDs', () => {
    const fetch = async (svids: { spiffe_id?: string; svid?: string; hint?: string }[], subject?: string) => {
      fake.setJwtResponse({ svids: { svids } });
      await using client = new WorkloadApiClient({ address: fake.address });
      return await client.fetchJwtSvids({ audience, ...(subject === undefined ? {} : { subject }) });
    };
    const message = async (
      path: string,
      options: { audience?: string | string[]; expiresAt?: Date; hint?: string } = {},
    ) => ({
      spiffe_id: `spiffe://example.org${path}`,
      svid: await ca.jwtToken(path, { audience, ...options }),
      hint: options.hint ?? '',
    });

    it('the default is the first, and of equal hints the first counts (WAPI-8-a, WAPI-6.2.1-e, EV-40)', async () => {
      const svids = await fetch([
        await message('/a'),
        await message('/b', { hint: 'x' }),
        await message('/c', { hint: 'x' }),
      ]);
      assert.deepEqual(
        svids.map(({ id, hint }) => [id.path, hint]),
        [
          ['/a', undefined],
          ['/b', 'x'],
        ],
      );
    });

    const bad: [title: string, ids: string, make: () => Promise<{ spiffe_id?: string; svid?: string }[]>][] = [
      ['none', 'EV-35, WAPI-4.5-b', () => Promise.resolve([])],
      ['one without spiffe_id', 'EV-35, WAPI-4.5-b', async () => [{ ...(await message('/a')), spiffe_id: '' }]],
      ['one without a token', 'EV-35, WAPI-4.5-b', async () => [{ ...(await message('/a')), svid: '' }]],
      [
        'one of another subject than its spiffe_id',
        'EV-36',
        async () => [{ ...(await message('/a')), spiffe_id: 'spiffe://example.org/b' }],
      ],
      ['one of another subject than was asked for', 'EV-36', async () => [await message('/b')]],
      ['one for another audience', 'EV-38', async () => [await message('/a', { audience: 'other' })]],
      ['one that has expired', 'EV-38', async () => [await message('/a', { expiresAt: new Date(Date.now() - 1000) })]],
      ['one that is no token', 'EV-38', async () => [{ ...(await message('/a')), svid: 'x.y.z' }]],
      [
        'a bad one beside a good one',
        'EV-39',
        async () => [await message('/a'), { ...(await message('/a')), svid: 'x' }],
      ],
    ];
    for (const [title, ids, make] of bad) {
      it(`${ids}: an answer with ${title} is refused`, async () => {
        const subject = 'spiffe://example.org/a';
        assert.equal((await fetch([await message('/a')], subject)).length, 1);
        const tokens = await make();
        await assert.rejects(fetch(tokens, subject), (error: SpiffeError) => {
          assert.equal(error.code, 'ERR_SPIFFE_RESPONSE');
          for (const { svid } of tokens) if (svid) assert.ok(svid.length < 10 || !error.message.includes(svid));
          return true;
        });
      });
    }

    it('EV-35: a validation without spiffe_id or claims is refused, and so is one of another subject (WAPI-4.5-b)', async () => {
      const token = await ca.jwtToken('/a', { audience });
      await using client = new WorkloadApiClient({ address: fake.address });
      const good = { spiffe_id: 'spiffe://example.org/a', claims: { fields: {} } };
      fake.setJwtResponse({ validated: good });
      assert.equal((await client.validateJwtSvid(token, audience)).id.path, '/a');
      for (const wrong of [{ spiffe_id: '' }, { claims: null }, { spiffe_id: 'spiffe://example.org/b' }]) {
        fake.setJwtResponse({ validated: { ...good, ...wrong } });
        await assert.rejects(client.validateJwtSvid(token, audience), { code: 'ERR_SPIFFE_RESPONSE' });
      }
    });
  });
});
