// The certificates over which Node's own TLS and the standard differ, or which it refuses without a word: shown to our
// server and to our client, each with the reason that is given for the refusal.
import assert from 'node:assert/strict';
import { generateKeyPair } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectPlain, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { authorizeAny, isSpiffeError, type SpiffeError } from '@credence/sdk';
import { StaticX509Source, TestCa, type TestCertificateOptions } from '@credence/sdk/testing';
import { createServer } from '@credence/sdk/tls';
import { Oid } from '@credence/sdk/x509';
import { listening, loopback, pem, presentToClient, type Shown, type Verifier } from '../support/tls-peer.js';

const hourMs = 3_600_000;
const codeSigning = '1.3.6.1.5.5.7.3.3';
const unknownCritical = { oid: '1.2.3.4', critical: true, value: Buffer.from('0500', 'hex') };

/** What each of our roles says: undefined where it accepts. */
interface Case {
  readonly title: string;
  readonly ids: string;
  readonly leaf?: TestCertificateOptions;
  /** An intermediate between root and leaf. */
  readonly issuer?: TestCertificateOptions;
  /** In place of a leaf of our trust domain. */
  readonly make?: (a: TestCa, b: TestCa) => Promise<Shown>;
  /** For a client that shows it to our server. */
  readonly server: string | undefined;
  /** For a server that shows it to our client. */
  readonly client: string | undefined;
}

const both = (reason: string | undefined): Pick<Case, 'server' | 'client'> => ({ server: reason, client: reason });

const cases: readonly Case[] = [
  { title: 'a plain X.509-SVID', ids: 'XV-01', ...both(undefined) },
  { title: 'no extended key usage', ids: 'XV-06', leaf: { extendedKeyUsage: null }, ...both(undefined) },
  { title: 'no basic constraints', ids: 'XV-26', leaf: { basicConstraints: null }, ...both(undefined) },
  {
    title: 'an extended key usage of serverAuth alone',
    ids: 'XV-32',
    leaf: { extendedKeyUsage: [Oid.serverAuth] },
    server: 'extended-key-usage',
    client: undefined,
  },
  {
    title: 'an extended key usage of clientAuth alone',
    ids: 'XV-32',
    leaf: { extendedKeyUsage: [Oid.clientAuth] },
    server: undefined,
    client: 'extended-key-usage',
  },
  {
    title: 'an extended key usage of codeSigning alone',
    ids: 'XV-33',
    leaf: { extendedKeyUsage: [codeSigning] },
    server: 'extended-key-usage',
    client: 'extended-key-usage',
  },
  {
    title: 'an unknown critical extension',
    ids: 'X509-5.1-a',
    leaf: { extraExtensions: [unknownCritical] },
    server: 'openssl',
    client: 'critical-extension',
  },
  {
    title: 'an authority with an unknown critical extension',
    ids: 'X509-5.1-a',
    issuer: { extraExtensions: [unknownCritical] },
    server: 'openssl',
    client: 'critical-extension',
  },
  {
    title: 'an expired leaf',
    ids: 'XV-34',
    leaf: { notBefore: new Date(Date.now() - 2 * hourMs), notAfter: new Date(Date.now() - hourMs) },
    ...both('expired'),
  },
  {
    title: 'a leaf that is not yet valid',
    ids: 'XV-35',
    leaf: { notBefore: new Date(Date.now() + hourMs), notAfter: new Date(Date.now() + 2 * hourMs) },
    ...both('not-yet-valid'),
  },
  {
    title: 'a leaf that is an authority',
    ids: 'XV-21, X509-5.2-a',
    leaf: { basicConstraints: { ca: true } },
    ...both('leaf-is-ca'),
  },
  {
    title: 'a leaf with keyCertSign',
    ids: 'XV-22, X509-5.2-b',
    leaf: { keyUsage: ['digitalSignature', 'keyCertSign'] },
    ...both('key-usage'),
  },
  {
    title: 'a leaf with cRLSign',
    ids: 'XV-23, X509-5.2-c',
    leaf: { keyUsage: ['digitalSignature', 'cRLSign'] },
    ...both('key-usage'),
  },
  {
    title: 'a leaf without digitalSignature',
    ids: 'XV-29',
    leaf: { keyUsage: ['keyEncipherment'] },
    server: 'extended-key-usage',
    client: 'key-usage',
  },
  {
    title: 'two URI SANs',
    ids: 'XV-09, X509-5.2-f',
    leaf: { uris: ['spiffe://a.test/w', 'spiffe://a.test/x'] },
    ...both('uri-san'),
  },
  { title: 'no URI SAN', ids: 'XV-08', leaf: { uris: [], dnsNames: ['w.example'] }, ...both('uri-san') },
  {
    title: 'a URI SAN that is no SPIFFE ID',
    ids: 'XV-13, X509-5.2-d',
    leaf: { uris: ['https://a.test/w'] },
    ...both('spiffe-id'),
  },
  {
    title: 'an ID without a path',
    ids: 'XV-14, X509-5.2-e',
    leaf: { uris: ['spiffe://a.test'] },
    ...both('spiffe-id'),
  },
  {
    title: 'an ID with a percent-encoding',
    ids: 'XV-16',
    leaf: { uris: ['spiffe://a.test/%61'] },
    ...both('spiffe-id'),
  },
  {
    title: 'an issuer that is no authority',
    ids: 'XV-56',
    issuer: { basicConstraints: { ca: false } },
    server: 'extended-key-usage',
    client: 'issuer-not-ca',
  },
  {
    title: 'an issuer without keyCertSign',
    ids: 'XV-57',
    issuer: { keyUsage: ['digitalSignature'] },
    server: 'openssl',
    client: 'unknown-authority',
  },
  {
    title: 'an ID of another trust domain than its authority',
    ids: 'XV-45, X509-5.2-g',
    make: async (_a, b) => shown(await b.forgedSvid('spiffe://a.test/w')),
    server: 'openssl',
    client: 'unknown-authority',
  },
  {
    title: 'an authority that nobody knows',
    ids: 'XV-46',
    make: async () => (await TestCa.create('c.test')).credential('/w'),
    server: 'unknown-authority',
    client: 'no-bundle',
  },
  {
    title: 'a key of P-384',
    ids: 'X509-5.1-a',
    leaf: { keyType: 'ec-p384' },
    ...both(undefined),
  },
  {
    title: 'a key of Ed25519',
    ids: 'X509-5.1-a',
    make: async (a) => a.credential('/w', { key: (await promisify(generateKeyPair)('ed25519')).privateKey }),
    ...both(undefined),
  },
  { title: 'a key of RSA-2048', ids: 'X509-5.1-a', leaf: { keyType: 'rsa-2048' }, ...both(undefined) },
];

function shown(svid: { certificates: readonly { raw: Buffer }[]; privateKey: Shown['privateKey'] }): Shown {
  return { chain: svid.certificates.map(({ raw }) => raw), privateKey: svid.privateKey };
}

describe('certificates over which TLS libraries differ, and why we refuse them', () => {
  let a: TestCa;
  let b: TestCa;
  let verifier: Verifier;

  before(async () => {
    [a, b] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test')]);
    const source = new StaticX509Source(await a.x509Svid('/verifier'), [a.bundle(), b.bundle()]);
    verifier = { svid: source, bundles: source, authorize: authorizeAny() };
  });

  const made = async ({ leaf, issuer, make }: Case): Promise<Shown> => {
    if (make !== undefined) return make(a, b);
    const ca = issuer === undefined ? a : await a.childCa(issuer);
    return ca.credential('spiffe://a.test/w', leaf);
  };
  /** The reason for which our server refuses; undefined when it lets the client in. */
  const askServer = async (peer: Shown): Promise<string | undefined> => {
    const refusals: SpiffeError[] = [];
    const server = await listening(
      createServer({ ...verifier, onRefusal: (error) => void refusals.push(error) }, (socket) => {
        socket.on('error', () => undefined).end('hello');
      }),
    );
    const socket: TLSSocket = connectPlain({ ...loopback(server), ...pem(peer), rejectUnauthorized: false });
    socket.on('error', () => undefined).resume();
    await once(socket, 'close');
    await new Promise((resolve) => server.close(resolve));
    return refusals[0] === undefined ? undefined : String(refusals[0].details['reason']);
  };
  const askClient = async (peer: Shown): Promise<string | undefined> => {
    try {
      await presentToClient(peer, verifier);
      return undefined;
    } catch (error) {
      assert.ok(isSpiffeError(error, 'ERR_SPIFFE_VERIFY'), String(error));
      return String(error.details['reason']);
    }
  };

  for (const one of cases) {
    for (const [role, ask, expected] of [
      ['server', askServer, one.server],
      ['client', askClient, one.client],
    ] as const) {
      it(`${one.ids}: our ${role} ${expected === undefined ? 'accepts' : `refuses, for ${expected},`} ${one.title}`, async () => {
        assert.equal(await ask(await made(one)), expected);
      });
    }
  }
});
