// The attack vectors of a bundle endpoint's client, one fetch each.
import assert from 'node:assert/strict';
import { isSpiffeError, X509Bundle, X509BundleSet, type X509Svid } from '@credence/sdk';
import { fetchBundle, type FetchBundleOptions, type HttpsSpiffeProfile } from '@credence/sdk/federation';
import { FakeBundleEndpoint, TestCa, type TestCertificateOptions } from '@credence/sdk/testing';

const trustDomain = 'partner.test';
const endpointId = 'spiffe://partner.test/bundle-endpoint';

describe('bundle endpoint client (SPIFFE Federation §5)', () => {
  let partner: TestCa;
  let svid: X509Svid;
  let web: FakeBundleEndpoint;
  let spiffe: FakeBundleEndpoint;
  let webProfile: FetchBundleOptions;
  let spiffeProfile: HttpsSpiffeProfile;
  const others: FakeBundleEndpoint[] = [];

  before(async () => {
    partner = await TestCa.create(trustDomain);
    svid = await partner.x509Svid(endpointId);
    web = await FakeBundleEndpoint.startWeb();
    spiffe = await FakeBundleEndpoint.startSpiffe(svid);
    webProfile = { profile: 'https_web', ca: web.ca };
    spiffeProfile = { profile: 'https_spiffe', endpointId, bundles: X509BundleSet.of(partner.bundle()) };
  });
  beforeEach(() => {
    for (const endpoint of [web, spiffe]) endpoint.serve(partner.spiffeBundle({ sequenceNumber: 1n }));
  });
  afterEach(async () => {
    for (const endpoint of others.splice(0)) await endpoint[Symbol.asyncDispose]();
  });
  after(async () => {
    await web[Symbol.asyncDispose]();
    await spiffe[Symbol.asyncDispose]();
  });

  const profiles: [name: string, at: () => [FakeBundleEndpoint, FetchBundleOptions]][] = [
    ['https_web', () => [web, webProfile]],
    ['https_spiffe', () => [spiffe, spiffeProfile]],
  ];
  /** An endpoint whose certificate is not what it should be. */
  const odd = async (ca: TestCa, options: TestCertificateOptions, id = '/endpoint'): Promise<FakeBundleEndpoint> => {
    const endpoint = await FakeBundleEndpoint.startSpiffe(await ca.credential(id, options));
    others.push(endpoint);
    endpoint.serve(partner.spiffeBundle());
    return endpoint;
  };

  for (const [name, at] of profiles) {
    it(`FED-5-a, FED-5.2.1.2-a fetches by ${name}`, async () => {
      const [endpoint, profile] = at();
      const bundle = await fetchBundle(trustDomain, endpoint.url, profile);
      assert.ok(bundle.equals(partner.spiffeBundle({ sequenceNumber: 1n })));
      assert.equal(endpoint.requests.at(-1)?.hasClientCertificate, false);
    });

    it(`FV-01 refuses http with ${name} (SPIFFE Federation §5.2.1.1, §5.2.2.1)`, async () => {
      await refusedEndpoint(fetchBundle(trustDomain, 'http://partner.test/bundle', at()[1]));
    });

    const withUserInfo = ['u:p@', 'u@', ':p@', '@', 'good.test\\@'];
    for (const part of withUserInfo) {
      it(`FV-02 refuses the user information "${part}" with ${name} (SPIFFE Federation §5.2.1.1, §5.2.2.1)`, async () => {
        const [endpoint, profile] = at();
        await refusedEndpoint(fetchBundle(trustDomain, endpoint.url.replace('//', `//${part}`), profile));
      });
    }

    for (const status of [302, 303, 307]) {
      it(`FV-13, FED-5.2.1.4-f, FED-5.2.2.4-f follows ${status} with ${name}`, async () => {
        const [endpoint, profile] = at();
        const location = endpoint.urlAt('/moved');
        endpoint.answer({ status, headers: { location } }, { body: partner.spiffeBundle().toJson() });
        await fetchBundle(trustDomain, endpoint.url, profile);
        assert.equal(endpoint.requests.at(-1)?.url, '/moved');
      });
    }

    for (const status of [301, 308]) {
      it(`FV-14 follows ${status} with ${name}, and asks at the first URL again`, async () => {
        const [endpoint, profile] = at();
        const location = '/moved/for/ever';
        endpoint.answer({ status, headers: { location } }, { body: partner.spiffeBundle().toJson() });
        await fetchBundle(trustDomain, endpoint.url, profile);
        assert.equal(endpoint.requests.at(-1)?.url, location);
        await fetchBundle(trustDomain, endpoint.url, profile);
        assert.equal(endpoint.requests.at(-1)?.url, '/');
      });
    }

    const badTargets: [what: string, location: (url: string) => string][] = [
      ['http', (url) => url.replace('https:', 'http:')],
      ['user information', (url) => url.replace('//', '//user@')],
      ['empty user information', (url) => url.replace('//', '//@')],
      ['an authority with user information', (url) => url.replace('https://', '//user@')],
      ['itself for ever', (url) => url],
      ['a link-local address', () => 'https://169.254.169.254/latest/meta-data'],
      ['what is no URL', () => 'https://'],
    ];
    for (const [what, location] of badTargets) {
      it(`FV-15 refuses a redirect to ${what} with ${name}`, async () => {
        const [endpoint, profile] = at();
        endpoint.redirect(location(endpoint.url));
        const before = endpoint.requests.length;
        await failed(fetchBundle(trustDomain, endpoint.url, profile));
        assert.ok(endpoint.requests.length - before <= 6);
      });
    }

    it(`FED-7.5.1-b follows no redirect with ${name} when told so`, async () => {
      const [endpoint, profile] = at();
      await fetchBundle(trustDomain, endpoint.url, { ...profile, maxRedirects: 0 });
      endpoint.redirect('/moved');
      await failed(fetchBundle(trustDomain, endpoint.url, { ...profile, maxRedirects: 0 }), 'redirect');
    });
  }

  it('FV-03, FED-5.1-a refuses what lacks the trust domain or the profile', async () => {
    await assert.rejects(fetchBundle('', web.url, webProfile), { code: 'ERR_SPIFFE_ID' });
    await refusedEndpoint(fetchBundle(trustDomain, '', webProfile));
    await refusedEndpoint(fetchBundle(trustDomain, web.url, { ca: web.ca } as unknown as FetchBundleOptions));
    const unknown = { profile: 'https', ca: web.ca } as unknown as FetchBundleOptions;
    await refusedEndpoint(fetchBundle(trustDomain, web.url, unknown));
  });

  for (const lacking of ['endpointId', 'bundles'] as const) {
    it(`FV-04, FED-5.1-b, FED-5.2.2.2-a refuses https_spiffe without ${lacking} (SPIFFE Federation §5.2.2.2)`, async () => {
      const { [lacking]: _, ...rest } = spiffeProfile;
      await refusedEndpoint(fetchBundle(trustDomain, spiffe.url, rest as FetchBundleOptions));
    });
  }

  describe('with https_web', () => {
    const hourAgo = new Date(Date.now() - 3_600_000);
    const local = { uris: [], dnsNames: ['localhost'] };
    const cases: [what: string, options: TestCertificateOptions, trusted: boolean, host: string][] = [
      ['an unknown authority', local, false, 'localhost'],
      ['an expired certificate', { ...local, notAfter: hourAgo }, true, 'localhost'],
      ['a certificate of another host', { uris: [], dnsNames: ['other.test'] }, true, 'localhost'],
      ['a certificate of a host when asked by address', local, true, '127.0.0.1'],
    ];
    for (const [what, options, trusted, host] of cases) {
      it(`FV-05, FED-5.2.1.4-a, FED-5.2.1.4-b, FED-5.2.1.4-c refuses ${what}`, async () => {
        const authority = await TestCa.create('web.invalid', { uris: [] });
        const good = await odd(authority, local);
        const ca = [authority.certificate.toPem()];
        await fetchBundle(trustDomain, good.urlAt('/', 'localhost'), { profile: 'https_web', ca });
        const endpoint = await odd(authority, options);
        const profile: FetchBundleOptions = trusted ? { profile: 'https_web', ca } : { profile: 'https_web' };
        await failed(fetchBundle(trustDomain, endpoint.urlAt('/', host), profile), 'connection');
        assert.equal(endpoint.requests.length, 0);
      });
    }

    it('FV-05 refuses a self-signed certificate', async () => {
      const itself = await TestCa.create('web.invalid', { ...local, basicConstraints: { ca: false } });
      const endpoint = await FakeBundleEndpoint.startSpiffe({
        chain: [itself.certificate.raw],
        privateKey: itself.key,
      });
      others.push(endpoint);
      endpoint.serve(partner.spiffeBundle());
      await failed(fetchBundle(trustDomain, endpoint.urlAt('/', 'localhost'), { profile: 'https_web' }), 'connection');
      assert.equal(endpoint.requests.length, 0);
    });

    it('FV-06, FED-7.2-a refuses an X.509-SVID, even of an authority that it trusts', async () => {
      const profile: FetchBundleOptions = { profile: 'https_web', ca: [partner.certificate.toPem()] };
      await failed(fetchBundle(trustDomain, spiffe.url, profile), 'connection');
    });

    it('FED-5.2.1.4-g refuses a redirect to a host whose certificate is not trusted', async () => {
      const other = await odd(await TestCa.create('web.invalid', { uris: [] }), local);
      web.redirect(other.urlAt('/', 'localhost'));
      await failed(fetchBundle(trustDomain, web.url, webProfile), 'connection');
      assert.equal(other.requests.length, 0);
    });

    it('refuses an empty list of authorities instead of trusting the machine', async () => {
      await refusedEndpoint(fetchBundle(trustDomain, web.url, { profile: 'https_web', ca: [] }));
    });
  });

  describe('with https_spiffe', () => {
    it('FV-07, FED-5.2.2.4-a refuses an X.509-SVID of the same trust domain with another path', async () => {
      const endpoint = await odd(partner, {}, '/other');
      await failed(fetchBundle(trustDomain, endpoint.url, spiffeProfile), 'connection');
      assert.equal(endpoint.requests.length, 0);
    });

    it('FV-08, FED-5.2.2.4-a, FED-7.2-a refuses a certificate of the right host without a URI', async () => {
      const endpoint = await odd(partner, { uris: [], dnsNames: ['localhost'] });
      await failed(fetchBundle(trustDomain, endpoint.urlAt('/', 'localhost'), spiffeProfile), 'connection');
      assert.equal(endpoint.requests.length, 0);
    });

    it('FV-09 takes the right ID whatever the host is called', async () => {
      const endpoint = await odd(partner, { dnsNames: ['other.test'] }, endpointId);
      for (const host of ['localhost', '127.0.0.1']) {
        await fetchBundle(trustDomain, endpoint.urlAt('/', host), spiffeProfile);
      }
    });

    it('FED-5.2.2.2-c begins with a bundle in PEM as well', async () => {
      const bundles = X509BundleSet.of(X509Bundle.parsePem(partner.trustDomain, partner.certificate.toPem()));
      await fetchBundle(trustDomain, spiffe.url, { profile: 'https_spiffe', endpointId, bundles });
    });

    it("FV-10, FED-5.2.2.2-d, FED-5.2.2.2-e takes the bundle of the endpoint's trust domain, and no other", async () => {
      const broker = await TestCa.create('broker.test');
      const endpoint = await odd(broker, {}, '/endpoint');
      const id = 'spiffe://broker.test/endpoint';
      // The broker's own bundle may have come by any profile.
      web.serve(broker.spiffeBundle());
      const { x509 } = await fetchBundle('broker.test', web.url, webProfile);
      const bundles = X509BundleSet.of(partner.bundle(), x509);
      await fetchBundle(trustDomain, endpoint.url, { profile: 'https_spiffe', endpointId: id, bundles });
      const lacking: FetchBundleOptions = { ...spiffeProfile, endpointId: id };
      await failed(fetchBundle(trustDomain, endpoint.url, lacking), 'connection');
    });

    it('FED-5.2.2.4-c asks the source of bundles for each fetch', async () => {
      const old = await TestCa.create(trustDomain);
      const source = { current: X509BundleSet.of(old.bundle()) };
      const bundles = {
        get bundles() {
          return source.current.bundles;
        },
        getX509BundleForTrustDomain: (domain: TestCa['trustDomain']) =>
          source.current.getX509BundleForTrustDomain(domain),
      };
      const profile: FetchBundleOptions = { profile: 'https_spiffe', endpointId, bundles };
      await failed(fetchBundle(trustDomain, spiffe.url, profile), 'connection');
      source.current = X509BundleSet.of(partner.bundle());
      await fetchBundle(trustDomain, spiffe.url, profile);
    });

    it('FV-16, FED-5.2.2.4-g, FED-5.2.2.4-h refuses a redirect to another SPIFFE ID or to the Web PKI', async () => {
      const same = await odd(partner, {}, endpointId);
      spiffe.redirect(same.url);
      await fetchBundle(trustDomain, spiffe.url, spiffeProfile);
      for (const other of [await odd(partner, {}, '/other'), web]) {
        spiffe.redirect(other.url);
        const before = other.requests.length;
        await failed(fetchBundle(trustDomain, spiffe.url, spiffeProfile), 'connection');
        assert.equal(other.requests.length, before);
      }
    });
  });

  const badBodies: [what: string, body: string | Uint8Array][] = [
    ['HTML', '<!doctype html><title>Sign in</title>'],
    ['nothing', ''],
    ['JSON without keys', '{"spiffe_sequence": 1}'],
    ['a JSON text', '"keys"'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['a bundle that is cut off', '{"keys": ['],
  ];
  for (const [what, body] of badBodies) {
    it(`FV-17 refuses status 200 with ${what} (SPIFFE Federation §6.2)`, async () => {
      web.answer({ body });
      await failed(fetchBundle(trustDomain, web.url, webProfile), 'malformed');
    });
  }

  for (const status of [204, 206, 304, 401, 404, 500]) {
    it(`FV-18 refuses status ${status}, whatever comes with it`, async () => {
      const body = status === 204 || status === 304 ? '' : partner.spiffeBundle().toJson();
      web.answer({ status, body });
      await failed(fetchBundle(trustDomain, web.url, webProfile), 'status');
    });
  }

  it('FV-19 takes any content type (SPIFFE Federation §5.2.1.3)', async () => {
    web.answer({ headers: { 'content-type': 'text/plain' }, body: partner.spiffeBundle().toJson() });
    await fetchBundle(trustDomain, web.url, webProfile);
  });

  it('BV-31 gives up at the limit of size', async () => {
    const body = partner.spiffeBundle().toJson();
    web.answer({ body });
    await fetchBundle(trustDomain, web.url, { ...webProfile, maxBytes: body.length });
    web.answer({ body: ` ${body}` });
    await failed(fetchBundle(trustDomain, web.url, { ...webProfile, maxBytes: body.length }), 'connection');
  });

  it('BV-32, BV-33, FED-5.2.1.4-d, FED-5.2.2.4-d, FED-7.3-b binds a bundle to the trust domain that was asked for', async () => {
    const other = await TestCa.create('other.test');
    const document = other.spiffeBundle().toJson().replace('{', '{"trust_domain":"evil.test",');
    for (const [endpoint, profile] of [[web, webProfile] as const, [spiffe, spiffeProfile] as const]) {
      endpoint.answer({ body: document });
      const bundle = await fetchBundle(trustDomain, endpoint.url, profile);
      assert.equal(bundle.trustDomain.name, trustDomain);
      assert.equal(bundle.x509.trustDomain.name, trustDomain);
    }
  });

  it('FED-7.6-a logs each fetch, also one that failed, without the query', async () => {
    const lines: object[] = [];
    const record = (fields: object, message: string): void => void lines.push({ ...fields, message });
    const logger = { debug: () => undefined, info: record, warn: record, error: record };
    await fetchBundle(trustDomain, web.urlAt('/?secret=1'), { ...webProfile, logger });
    web.answer({ status: 500 });
    await failed(fetchBundle(trustDomain, web.urlAt('/?secret=1'), { ...webProfile, logger }), 'status');
    assert.deepEqual(
      lines.map((line) => 'message' in line && line.message),
      ['bundle fetched', 'bundle not fetched'],
    );
    assert.ok(!JSON.stringify(lines).includes('secret'));
  });
});

async function refusedEndpoint(fetching: Promise<unknown>): Promise<void> {
  await assert.rejects(fetching, { code: 'ERR_SPIFFE_BUNDLE_ENDPOINT' });
}

async function failed(fetching: Promise<unknown>, reason?: string): Promise<void> {
  await assert.rejects(fetching, (error) => {
    assert.ok(isSpiffeError(error, 'ERR_SPIFFE_BUNDLE_FETCH'), String(error));
    if (reason !== undefined) assert.equal(error.details['reason'], reason, error.message);
    return true;
  });
}
