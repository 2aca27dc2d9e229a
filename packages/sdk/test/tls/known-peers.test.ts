import assert from 'node:assert/strict';
import { authorizeAny, authorizeId, X509Bundle, X509BundleSet } from '@credence/sdk';
import { ManualClock, TestCa } from '@credence/sdk/testing';
import { recallPeer } from '../../dist/tls/known-peers.js';
import { acceptKnownPeer, acceptPeer, type Verification } from '../../dist/tls/peer-verification.js';

const hourMs = 3_600_000;

describe('a peer that comes back with the certificate that was verified', () => {
  let root: TestCa;
  let a: TestCa;
  let chain: readonly Buffer[];
  let clock: ManualClock;
  let options: Verification;

  before(async () => {
    root = await TestCa.create('a.test', { notAfter: new Date(Date.now() + 9 * hourMs) });
    a = await root.childCa({ notAfter: new Date(Date.now() + 8 * hourMs) });
  });
  beforeEach(async () => {
    ({ chain } = await a.credential('spiffe://a.test/w', { notAfter: new Date(Date.now() + hourMs) }));
    clock = new ManualClock(new Date());
    options = { bundles: X509BundleSet.of(root.bundle()), authorize: authorizeAny(), clock };
  });

  it('is known by its leaf alone, and is a peer of its own each time', () => {
    assert.equal(acceptKnownPeer(chain[0], options), undefined);
    const first = acceptPeer(chain, options);
    const again = acceptKnownPeer(chain[0], options);
    assert.ok(again);
    assert.ok(again.peer.id.equals(first.peer.id));
    assert.deepEqual(again.chain, chain);
    assert.notEqual(again.peer, first.peer);
    assert.notEqual(acceptKnownPeer(chain[0], options)?.peer, again.peer);
  });

  it('is authorized anew', () => {
    acceptPeer(chain, options);
    assert.ok(acceptKnownPeer(chain[0], { ...options, authorize: authorizeId('spiffe://a.test/w') }));
    const other = { ...options, authorize: authorizeId('spiffe://a.test/x') };
    assert.throws(() => acceptKnownPeer(chain[0], other), { code: 'ERR_SPIFFE_UNAUTHORIZED' });
  });

  it('is verified anew when it has expired (RFC 5280 §4.1.2.5)', async () => {
    acceptPeer(chain, options);
    await clock.advance(hourMs - 2000);
    assert.ok(acceptKnownPeer(chain[0], options));
    await clock.advance(4000);
    assert.equal(acceptKnownPeer(chain[0], options), undefined);
    assert.throws(() => acceptPeer(chain, options), { code: 'ERR_SPIFFE_VERIFY' });
  });

  it('XV-50, XV-51: is verified anew under any other bundle of its trust domain, and without one', async () => {
    const other = await TestCa.create('a.test');
    acceptPeer(chain, options);
    const bundleOf = (...cas: TestCa[]): X509Bundle =>
      X509Bundle.fromCertificates(root.trustDomain, cas.map((ca) => ca.certificate)); // prettier-ignore
    for (const bundles of [[bundleOf(other)], [bundleOf(root, other)], [bundleOf()], [other.bundle()], []]) {
      assert.equal(acceptKnownPeer(chain[0], { ...options, bundles: X509BundleSet.of(...bundles) }), undefined);
    }
    assert.ok(acceptKnownPeer(chain[0], { ...options, bundles: X509BundleSet.of(bundleOf(root)) }), 'an equal bundle');
  });

  it('is not known once it was refused', async () => {
    const { chain: foreign } = await (await TestCa.create('b.test')).credential('spiffe://a.test/w');
    assert.throws(() => acceptPeer(foreign, options), { code: 'ERR_SPIFFE_VERIFY' });
    assert.equal(recallPeer(foreign[0], options), undefined);
    assert.equal(recallPeer(undefined, options), undefined);
    assert.equal(recallPeer(Buffer.alloc(0), options), undefined);
  });
});
