import assert from 'node:assert/strict';
import { isSpiffeError, SpiffeId, verifyX509Svid, X509BundleSet } from '@credence/sdk';
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
});
