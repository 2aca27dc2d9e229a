// SVIDs verified per second by the SDK, P-256: an X.509-SVID through an intermediate (two signatures), a JWT-SVID (one). In
// turn with them what a program would do that checks less, so that the ratios hold on a noisy machine.
import { verify, X509Certificate } from 'node:crypto';
import { jwtVerify } from 'jose';
import { JwtBundleSet, verifyJwtSvid, verifyX509Svid, X509BundleSet } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import { perSecond, printTable, runFor } from './measure/table.js';

const rounds = 5;
const roundMs = 400;

const ca = await TestCa.create('example.org');
const audience = 'spiffe://example.org/api';
const id = 'spiffe://example.org/ns/orders/sa/orders-api';
const { certificates } = await (await ca.childCa()).x509Svid(id);
const chain = certificates.map(({ raw }) => raw);
const { token } = await ca.jwtSvid(id, { audience });
const x509Bundles = X509BundleSet.of(ca.bundle());
const jwtBundles = JwtBundleSet.of(ca.jwtBundle());
const { publicKey } = ca.jwtBundle().authorities[0] ?? fail();
const root = new X509Certificate(ca.certificate.raw);

const contenders: readonly { readonly name: string; readonly run: () => unknown; readonly rates: number[] }[] = [
  { name: 'verifyX509Svid', run: () => verifyX509Svid(chain, x509Bundles), rates: [] },
  { name: '  node:crypto, two signatures of parsed certificates', run: checkChain, rates: [] },
  { name: 'verifyJwtSvid', run: () => verifyJwtSvid(token, jwtBundles, { audience }), rates: [] },
  { name: '  jose jwtVerify, the key at hand', run: () => jwtVerify(token, publicKey, { audience }), rates: [] },
  { name: '  node:crypto, the signature alone, synchronous', run: checkSignature, rates: [] },
];

for (const { run } of contenders)
  await runFor(200, 1, async () => {
    await run();
  });
for (let round = 0; round < rounds; round++) {
  for (const { run, rates } of contenders) {
    const { runs, ms } = await runFor(roundMs, 1, async () => {
      await run();
    });
    rates.push((runs * 1000) / ms);
  }
}
printTable(
  `SVIDs verified one after the other, P-256, median of ${rounds} rounds`,
  contenders.map(({ name, rates }) => [name, perSecond(median(rates), 1000).padStart(9)]),
);

function checkChain(): void {
  const [leaf, intermediate] = chain.map((raw) => new X509Certificate(raw));
  if (leaf === undefined || intermediate === undefined) fail();
  if (!leaf.verify(intermediate.publicKey) || !intermediate.verify(root.publicKey)) fail();
}

function checkSignature(): void {
  const dot = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  if (!verify('sha256', Buffer.from(token.slice(0, dot)), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature))
    fail();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function fail(): never {
  throw new Error('the benchmark does not verify what it should');
}
