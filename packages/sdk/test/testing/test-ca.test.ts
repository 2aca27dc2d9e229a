import assert from 'node:assert/strict';
import { isSpiffeError, JwtBundleSet, SpiffeId, verifyJwtSvid, verifyX509Svid, X509BundleSet } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';

describe('TestCa', () => {
  it('makes X.509-SVIDs that verify, by path, by ID text and by SpiffeId', async () => {
    const ca = await TestCa.create('a.test');
    for (const id of ['/w', 'spiffe://a.test/w', SpiffeId.parse('spiffe://a.test/w')]) {
      const svid = await ca.x509Svid(id, { dnsNames: ['w.test'] });
      const peer = verifyX509Svid([svid.leaf.raw], X509BundleSet.of(ca.bundle()));
      assert.equal(peer.id.toString(), 'spiffe://a.test/w');
    }
  });

  it('makes identities of other trust domains only as forgedSvid, and those do not verify', async () => {
    const [a, b] = [await TestCa.create('a.test'), await TestCa.create('b.test')];
    await assert.rejects(a.x509Svid('spiffe://b.test/w'), TypeError);
    const forged = await a.forgedSvid('spiffe://b.test/w');
    assert.throws(
      () => verifyX509Svid([forged.leaf.raw], X509BundleSet.of(a.bundle(), b.bundle())),
      (error) => isSpiffeError(error, 'ERR_SPIFFE_VERIFY'),
    );
  });

  it('makes JWT-SVIDs that verify, also after its keys rotated, and tokens that do not', async () => {
    const ca = await TestCa.create('a.test');
    const old = await ca.jwtSvid('/w', { audience: 'me' });
    await ca.rotate();
    const fresh = await (await ca.childCa()).jwtSvid('spiffe://a.test/w', { audience: ['me'] });
    const bundles = JwtBundleSet.of(ca.jwtBundle());
    assert.equal(ca.jwtBundle().authorities.length, 2);
    for (const { token } of [old, fresh]) {
      assert.equal((await verifyJwtSvid(token, bundles, { audience: 'me' })).id.toString(), 'spiffe://a.test/w');
    }
    const forger = await TestCa.create('a.test');
    for (const token of [
      await ca.jwtToken('/w', { audience: 'me', key: forger.jwtKey }),
      await ca.jwtToken('/w', { audience: 'me', header: { typ: 'at+jwt' } }),
      await ca.jwtToken('/w', { audience: 'me', claims: { exp: undefined } }),
    ]) {
      await assert.rejects(verifyJwtSvid(token, bundles, { audience: 'me' }), { code: 'ERR_SPIFFE_JWT' });
    }
  });

  it('makes a SPIFFE bundle of both kinds of authorities', async () => {
    const ca = await TestCa.create('a.test');
    const bundle = ca.spiffeBundle({ sequenceNumber: 1n });
    assert.ok(bundle.x509.equals(ca.bundle()) && bundle.jwt.equals(ca.jwtBundle()));
    assert.equal(bundle.sequenceNumber, 1n);
  });
});
