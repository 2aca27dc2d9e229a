import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  Certificate,
  isSpiffeError,
  SpiffeError,
  spiffeIdOf,
  TrustDomain,
  verifyX509Svid,
  X509Bundle,
  type X509BundleSource,
} from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import { X509BundleSet } from '../../dist/bundle/index.js';

const raws = (certificates: readonly { raw: Buffer }[]): Buffer[] => certificates.map((certificate) => certificate.raw);

describe('verifyX509Svid', () => {
  let ca: TestCa;
  let bundles: X509BundleSet;
  before(async () => {
    ca = await TestCa.create('a.test');
    bundles = X509BundleSet.of(ca.bundle());
  });

  it('gives the path from the leaf to the authority and its first expiry', async () => {
    const soon = new Date(Math.floor(ca.certificate.notAfter.getTime() / 1000) * 1000 - 600_000);
    const child = await ca.childCa({ notAfter: soon });
    const svid = await child.x509Svid('/w');
    const peer = verifyX509Svid(raws(svid.certificates), bundles);
    assert.deepEqual(raws(peer.chain), raws([svid.leaf, child.certificate, ca.certificate]));
    assert.equal(peer.leaf, peer.chain[0]);
    assert.equal(peer.expiresAt.getTime(), soon.getTime());
  });

  it('finds the authority that signed among several of one trust domain', async () => {
    const rotating = await TestCa.create('a.test');
    const old = await rotating.x509Svid('/w');
    await rotating.rotate();
    const fresh = await rotating.x509Svid('/w');
    const both = X509BundleSet.of(rotating.bundle());
    for (const svid of [old, fresh]) assert.equal(verifyX509Svid(raws(svid.certificates), both).id.path, '/w');
  });

  it('asks the source for the trust domain of the leaf, once', async () => {
    const asked: string[] = [];
    const source: X509BundleSource = {
      getX509BundleForTrustDomain: (trustDomain) => {
        asked.push(trustDomain.name);
        return bundles.getX509BundleForTrustDomain(trustDomain);
      },
    };
    verifyX509Svid(raws((await ca.x509Svid('/w')).certificates), source);
    assert.deepEqual(asked, ['a.test']);
  });

  it('refuses the bundle of another trust domain, whatever the source means by it', async () => {
    const chain = raws((await ca.x509Svid('/w')).certificates);
    const give = (trustDomain: string): X509BundleSource => {
      const bundle = X509Bundle.fromCertificates(TrustDomain.parse(trustDomain), [ca.certificate]);
      return { getX509BundleForTrustDomain: () => bundle };
    };
    assert.ok(verifyX509Svid(chain, give('a.test')));
    assert.throws(() => verifyX509Svid(chain, give('b.test')), { code: 'ERR_SPIFFE_VERIFY' });
  });

  it('refuses everything at an instant that is none', async () => {
    const chain = raws((await ca.x509Svid('/w')).certificates);
    assert.ok(verifyX509Svid(chain, bundles, { now: new Date() }));
    assert.throws(() => verifyX509Svid(chain, bundles, { now: new Date(Number.NaN) }), { code: 'ERR_SPIFFE_VERIFY' });
  });

  it('lets other errors of the source through', async () => {
    const closed = new SpiffeError('ERR_SPIFFE_CLOSED', 'closed');
    const source: X509BundleSource = {
      getX509BundleForTrustDomain: () => {
        throw closed;
      },
    };
    const chain = raws((await ca.x509Svid('/w')).certificates);
    assert.throws(() => verifyX509Svid(chain, source), closed);
  });

  it('refuses a leaf of which any byte changed (RFC 5280 §6.1.3)', async () => {
    const chain = raws((await ca.x509Svid('/w')).certificates);
    verifyX509Svid(chain, bundles);
    fc.assert(
      fc.property(fc.nat(chain[0]!.length - 1), fc.integer({ min: 1, max: 255 }), (position, change) => {
        const mutated = Buffer.from(chain[0]!);
        mutated[position]! ^= change;
        assert.throws(
          () => verifyX509Svid([mutated], bundles),
          (error) => isSpiffeError(error, 'ERR_SPIFFE_VERIFY'),
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('spiffeIdOf', () => {
  it('reads the ID of a leaf and of a signing certificate, and refuses every other number of URIs (X509-SVID §2)', async () => {
    const ca = await TestCa.create('a.test');
    const read = async (uris?: string[]): Promise<string> => {
      const { chain } = await ca.credential('/w', uris === undefined ? {} : { uris });
      return spiffeIdOf(Certificate.parse(chain[0]!)).toString();
    };
    assert.equal(await read(), 'spiffe://a.test/w');
    assert.equal(spiffeIdOf(ca.certificate).toString(), 'spiffe://a.test');
    for (const uris of [[], ['spiffe://a.test/w', 'spiffe://a.test/w'], ['https://a.test/w'], ['spiffe://a.test/']]) {
      await assert.rejects(read(uris), { code: 'ERR_SPIFFE_VERIFY' });
    }
  });
});
