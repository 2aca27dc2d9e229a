// X.509-SVIDs issued per second: request read, proof of possession verified, certificate built, inspected and signed. The
// same work by @peculiar/x509 alone runs in turn with it, so that the ratios hold on a noisy machine.
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { randomBytes, webcrypto } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { SpiffeId, TrustDomain } from '@credence/sdk';
import { generateKey } from '@credence/sdk/keys';
import { silentLogger, systemClock, systemRandom } from '@credence/sdk/runtime';
import { createCertificateRequest } from '@credence/sdk/x509';
import { checkCsr } from '../../packages/server/dist/ca/csr.js';
import { OwnBundle } from '../../packages/server/dist/ca/own-bundle.js';
import { ThreadedCsrChecker } from '../../packages/server/dist/ca/threaded-csr-checker.js';
import { defaultCaSubject } from '../../packages/server/dist/ca/templates/ca-certificate.js';
import { X509AuthorityKind } from '../../packages/server/dist/ca/x509-authority-kind.js';
import { X509Issuer } from '../../packages/server/dist/ca/x509-issuer.js';
import type { BundleStore } from '../../packages/server/dist/datastore/bundle-store.js';
import { MemoryKeyManager } from '../../packages/server/dist/keys/memory-key-manager.js';
import { perSecond, printTable, runFor } from './measure/table.js';

const trustDomain = TrustDomain.parse('example.org');
const spiffeId = SpiffeId.parse('spiffe://example.org/ns/orders/sa/orders-api');
const dayMs = 24 * 60 * 60 * 1000;
const batchSize = 100;
const rounds = 5;
const roundMs = 700;
const request = createCertificateRequest({}, await generateKey('ec-p256'));

interface Contender {
  readonly name: string;
  /** Certificates a run. */
  readonly batch: number;
  readonly run: () => Promise<void>;
  /** Certificates a second, by round. */
  readonly rates: number[];
  /** Microseconds of CPU a certificate, all threads together, by round: what it costs however busy the machine is. */
  readonly costs: number[];
}

await using workers = new ThreadedCsrChecker({ log: silentLogger, workers: availableParallelism() });
const issuer = await createIssuer();
const plain = contender('@peculiar/x509: read, verify, create', 1, await createPlainIssuer());
const contenders = [
  plain,
  contender('Credence, one thread', 1, () => {
    issue(checkCsr(request).publicKeyInfo);
    return Promise.resolve();
  }),
  contender(`Credence, batches of ${batchSize}, ${availableParallelism()} worker threads`, batchSize, issueBatch),
  contender('Credence, the request already checked', 1, () => {
    issue(checked.publicKeyInfo);
    return Promise.resolve();
  }),
];
const checked = checkCsr(request);

for (const { run } of contenders) await runFor(300, 1, run);
for (let round = 0; round < rounds; round++) {
  for (const { run, batch, rates, costs } of contenders) {
    const before = process.cpuUsage();
    const { runs, ms } = await runFor(roundMs, 1, run);
    const { user, system } = process.cpuUsage(before);
    rates.push((runs * batch * 1000) / ms);
    costs.push((user + system) / (runs * batch));
  }
}
printTable(
  `X.509-SVIDs issued, P-256, median of ${rounds} rounds`,
  contenders.map((one) => [one.name, result(one)]),
);

function contender(name: string, batch: number, run: () => Promise<void>): Contender {
  return { name, batch, run, rates: [], costs: [] };
}

/** The ratios are taken round by round against the plain path. */
function result({ rates, costs }: Contender): string {
  const faster = median(rates.map((rate, round) => rate / (plain.rates[round] ?? Number.NaN)));
  const cheaper = median(costs.map((cost, round) => (plain.costs[round] ?? Number.NaN) / cost));
  const columns = [
    perSecond(median(rates), 1000).padStart(8),
    `${faster.toFixed(1)} x`.padStart(7),
    `${Math.round(median(costs)).toLocaleString('en-US')} us CPU`.padStart(12),
    `1/${cheaper.toFixed(1)}`.padStart(7),
  ];
  return columns.join('  ');
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function issue(publicKeyInfo: Buffer): void {
  issuer.issueX509Svid({ spiffeId, publicKeyInfo, ttlSeconds: 3600 });
}

async function issueBatch(): Promise<void> {
  for (const result of await workers.check(Array.from({ length: batchSize }, () => request))) {
    if (result instanceof Error) throw result;
    issue(result.publicKeyInfo);
  }
}

async function createIssuer(): Promise<X509Issuer> {
  const settings = { trustDomain, keyType: 'ec-p256', ttlMs: dayMs, subject: defaultCaSubject } as const;
  const kind = new X509AuthorityKind({
    clock: systemClock,
    random: systemRandom,
    keys: new MemoryKeyManager(),
    bundle: new OwnBundle(noBundles, trustDomain),
    ...settings,
  });
  const authority = await kind.create('x509-CA-A');
  const defaults = { trustDomain, caTtlMs: dayMs, defaultTtlSeconds: 3600, authority: () => authority };
  return new X509Issuer({ clock: systemClock, random: systemRandom, ...defaults });
}

/** Nothing is published here. */
const noBundles: BundleStore = new Proxy({} as BundleStore, {});

/** What a server written over the library alone would do. */
async function createPlainIssuer(): Promise<() => Promise<void>> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
  const authorityKeyId = await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey);
  const { digitalSignature, keyEncipherment, keyAgreement } = x509.KeyUsageFlags;
  return async () => {
    const csr = new x509.Pkcs10CertificateRequest(request);
    if (!(await csr.verify())) throw new Error('the request does not verify');
    await x509.X509CertificateGenerator.create({
      serialNumber: randomBytes(16).toString('hex'),
      issuer: 'C=US, O=SPIFFE',
      subject: 'C=US, O=SPIRE',
      notBefore: new Date(Date.now() - 10_000),
      notAfter: new Date(Date.now() + 3_600_000),
      publicKey: csr.publicKey,
      signingKey: keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.KeyUsagesExtension(digitalSignature | keyEncipherment | keyAgreement, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
        new x509.BasicConstraintsExtension(false, undefined, true),
        await x509.SubjectKeyIdentifierExtension.create(csr.publicKey),
        authorityKeyId,
        new x509.SubjectAlternativeNameExtension([{ type: 'url', value: spiffeId.toString() }]),
      ],
    });
  };
}
