// The attack vectors of X.509-SVID validation in real handshakes: every chain that can be shown, to our TLS server and to
// our TLS client, and the vectors that only a handshake has.
import assert from 'node:assert/strict';
import { connect } from 'node:tls';
import {
  authorizeAny,
  authorizeId,
  authorizeIf,
  authorizeMemberOf,
  verifyX509Svid,
  X509Bundle,
  X509BundleSet,
} from '@credence/sdk';
import { StaticX509Source, TestCa, type TestCertificateOptions } from '@credence/sdk/testing';
import { createServer } from '@credence/sdk/tls';
import { Oid } from '@credence/sdk/x509';
import { hidesIntermediates } from '../../packages/sdk/dist/tls/hidden-path.js';
import {
  listening,
  loopback,
  pem,
  presentToClient,
  presentToServer,
  text,
  type Verifier,
} from '../support/tls-peer.js';
import { encodingVectors } from './x509-svid/encoding-vectors.js';
import { identityVectors } from './x509-svid/identity-vectors.js';
import { pathVectors } from './x509-svid/path-vectors.js';
import { profileVectors } from './x509-svid/profile-vectors.js';
import { trustVectors } from './x509-svid/trust-vectors.js';
import {
  createScene,
  leafId,
  plainLeaf,
  type Rejected,
  type Scene,
  type Trial,
  type Vector,
} from './x509-svid/vector.js';

const hourMs = 3_600_000;

const expiredOrNotYet =
  (options: TestCertificateOptions) =>
  async (scene: Scene): Promise<Trial> =>
    scene.a.credential(leafId, options);

// OpenSSL reads the clock of the machine, so these are made for the present.
const timeVectors: readonly Vector[] = [
  {
    id: 'XV-34',
    title: 'a leaf that expired an hour ago (RFC 5280 §4.1.2.5)',
    expected: 'REJECT',
    reason: 'expired',
    make: expiredOrNotYet({ notBefore: new Date(Date.now() - 2 * hourMs), notAfter: new Date(Date.now() - hourMs) }),
  },
  {
    id: 'XV-35',
    title: 'a leaf that is valid in an hour (RFC 5280 §4.1.2.5)',
    expected: 'REJECT',
    reason: 'not-yet-valid',
    make: expiredOrNotYet({ notBefore: new Date(Date.now() + hourMs), notAfter: new Date(Date.now() + 2 * hourMs) }),
  },
];

const withOwnTime = new Set(['XV-34', 'XV-35', 'XV-36']);
const vectors = [
  ...[...identityVectors, ...profileVectors, ...trustVectors, ...pathVectors, ...encodingVectors].filter(
    ({ id }) => !withOwnTime.has(id),
  ),
  ...timeVectors,
];

const roles = [
  { name: 'server', present: presentToServer, otherPurpose: Oid.serverAuth },
  { name: 'client', present: presentToClient, otherPurpose: Oid.clientAuth },
] as const;

/** Where OpenSSL is stricter than our verifier; the standard leaves each of these open. */
function openSslRefuses({ id, title }: Vector, otherPurpose: string): boolean {
  // An extended key usage must name the role of the peer.
  if (id === 'XV-32') return title.includes(otherPurpose) || title.includes(Oid.anyExtendedKeyUsage);
  // The name constraint of our anchors holds for the names of intermediates too (RFC 5280 §6.1.3 (b)).
  return id === 'XV-55';
}

/** What only our verifier refuses, which there never sees the intermediate: OpenSSL decides, and accepts. */
function isHidden({ id, title }: Vector, role: string): boolean {
  return hidesIntermediates && role === 'server' && id === 'XV-57' && title.includes('without key usage');
}

for (const { name, present, otherPurpose } of roles) {
  describe(`X.509-SVID vectors, shown to our TLS ${name}`, () => {
    let scene: Scene;
    let own: StaticX509Source;
    before(async () => {
      scene = await createScene();
      own = new StaticX509Source(await scene.a.x509Svid('/verifier'), []);
    });

    const verifier = (options: Partial<Verifier> = {}): Verifier => ({
      svid: own,
      bundles: scene.bundles,
      authorize: authorizeAny(),
      ...options,
    });
    const show = (trial: Trial): Promise<string> =>
      present(trial, verifier(trial.bundles === undefined ? {} : { bundles: trial.bundles }));
    const twinOf = (vector: Rejected): Promise<Trial> | Trial =>
      // Ours is refused in TLS, as the test below says.
      vector.id === 'XV-64' ? plainLeaf(scene) : (vector.twin ?? plainLeaf)(scene);

    for (const vector of vectors) {
      const stricter = openSslRefuses(vector, otherPurpose);
      const verb = vector.expected === 'REJECT' ? 'rejects' : stricter ? 'leaves it to OpenSSL to refuse' : 'accepts';
      if (isHidden(vector, name)) {
        it(`${vector.id} leaves it to OpenSSL, as this Node hides it, to accept ${vector.title}`, async () => {
          assert.equal(await show(await vector.make(scene)), leafId);
        });
        continue;
      }
      it(`${vector.id} ${verb} ${vector.title}`, async () => {
        const trial = await vector.make(scene);
        if (vector.expected === 'ACCEPT' && !stricter) {
          assert.equal(await show(trial), vector.spiffeId ?? leafId);
          return;
        }
        const twin = vector.expected === 'ACCEPT' ? plainLeaf(scene) : twinOf(vector);
        await assert.doesNotReject(show(await twin), 'the positive twin is accepted');
        await assert.rejects(show(trial));
      });
    }

    // Our anchors are name-constrained, and name constraints know no addresses (RFC 5280 §4.2.1.10).
    it('rejects a trust domain that is an IPv4 address, which the verify API accepts', async () => {
      for (const domain of ['c.test', '192.168.1.1']) {
        const ca = await TestCa.create(domain);
        const bundles = X509BundleSet.of(ca.bundle());
        const trial = { ...(await ca.credential(`spiffe://${domain}/w`)), bundles };
        assert.equal(verifyX509Svid(trial.chain, bundles).id.trustDomain.name, domain);
        if (domain === 'c.test') await assert.doesNotReject(show(trial));
        else await assert.rejects(show(trial));
      }
    });

    it('XV-80 rejects a valid X.509-SVID whose ID is not authorized', async () => {
      const trial = await plainLeaf(scene);
      assert.equal(await present(trial, verifier({ authorize: authorizeId(leafId) })), leafId);
      for (const authorize of [authorizeId(`${leafId}x`), authorizeMemberOf('b.test'), authorizeIf(() => false)]) {
        await assert.rejects(present(trial, verifier({ authorize })));
      }
    });

    for (const withdrawn of [
      { id: 'XV-50', title: 'a trust domain whose bundle was withdrawn', peer: 'b', left: ['a'] },
      { id: 'XV-51', title: 'a root that was removed from its bundle', peer: 'a2', left: ['a', 'b'] },
    ] as const) {
      it(`${withdrawn.id} rejects ${withdrawn.title}, from the next handshake on`, async () => {
        const a2 = await TestCa.create('a.test');
        const both = X509Bundle.fromCertificates(a2.trustDomain, [scene.a.certificate, a2.certificate]);
        const source = new StaticX509Source(own.getX509Svid(), [both, scene.b.bundle()]);
        const options = verifier({ svid: source, bundles: source });
        const trial = await (withdrawn.peer === 'b' ? scene.b.credential('/w') : a2.credential('/w'));
        await assert.doesNotReject(present(trial, options));
        source.update({ bundles: withdrawn.left.map((domain) => scene[domain].bundle()) });
        await assert.rejects(present(trial, options));
        await assert.doesNotReject(present(await plainLeaf(scene), options));
      });
    }
  });
}

describe('X.509-SVID vectors that only a handshake has', () => {
  let scene: Scene;
  let verifier: Verifier;
  before(async () => {
    scene = await createScene();
    const svid = new StaticX509Source(await scene.a.x509Svid('/verifier'), []);
    verifier = { svid, bundles: scene.bundles, authorize: authorizeAny() };
  });

  it('XV-79 rejects a client without a certificate', async () => {
    assert.equal(await presentToServer(await plainLeaf(scene), verifier), leafId);
    await assert.rejects(presentToServer(undefined, verifier));
  });

  it('XV-81 accepts a server whose certificate is for another host name, and still checks its chain', async () => {
    const options = { ...verifier, base: { servername: 'orders.example' } };
    const named = { dnsNames: ['billing.example'] };
    assert.equal(await presentToClient(await scene.a.credential(leafId, named), options), leafId);
    await assert.rejects(presentToClient(await scene.b.credential(leafId, named), options));
  });

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`XV-52 rejects a session resumed after the root of its client was removed (${maxVersion})`, async () => {
      const source = new StaticX509Source(await scene.a.x509Svid('/verifier'), [scene.a.bundle(), scene.b.bundle()]);
      const server = await listening(
        createServer({ ...verifier, bundles: source }, (socket) => {
          socket.on('error', () => undefined).end('served');
        }),
      );
      const trial = await scene.b.credential('/w');
      const options = { ...loopback(server), ...pem(trial), maxVersion, rejectUnauthorized: false };
      const sessions: Buffer[] = [];
      const first = connect(options).on('session', (session) => sessions.push(session));
      assert.equal(await text(first), 'served');
      source.update({ bundles: [scene.a.bundle()] });
      for (const session of sessions) await assert.rejects(text(connect({ ...options, session })));
      await assert.rejects(text(connect(options)));
      server.close();
    });
  }
});
