// A certificate authority over a real datastore and a real key file, in a process of its own, whose days pass in seconds:
// HurriedAuthority in the test, and below it what runs in the child. What it signs and publishes it tells line by line.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SpiffeId, TrustDomain } from '@credence/sdk';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { silentLogger, systemClock, systemRandom, type Clock } from '@credence/sdk/runtime';
import { CertificateAuthority } from '../../packages/server/dist/ca/certificate-authority.js';
import type { LocalAuthority } from '../../packages/server/dist/ca/ports.js';
import type { TrustBundle } from '../../packages/server/dist/domain/trust-bundle.js';
import { openDatastore } from '../../packages/server/dist/datastore/sql/open-datastore.js';
import { DiskKeyManager } from '../../packages/server/dist/keys/disk-key-manager.js';
import { node, type Child } from './child.js';

const hourMs = 3_600_000;

/** What the authority says of itself, some dozen times a second. */
export interface Report {
  /** Its time, in milliseconds. */
  readonly now: number;
  /** The leaf that it signed just now, DER in base64, and when that expires. */
  readonly leaf: string;
  readonly leafExpiresAt: number;
  readonly token: string;
  readonly tokenExpiresAt: number;
  /** IDs of the authorities that are active or prepared. */
  readonly x509: readonly string[];
  readonly jwt: readonly string[];
  /** As the datastore has it: DER in base64. */
  readonly bundle: {
    readonly sequence: string;
    readonly x509: readonly string[];
    readonly jwt: readonly { readonly keyId: string; readonly publicKey: string }[];
  };
}

/** Starts it; `begin` is the real instant at which its time begins. */
export function startHurriedAuthority(folder: string, begin: number): Child {
  return node(fileURLToPath(import.meta.url), ['hurry', folder, String(begin)]);
}

/** All reports of a child, also of one that was killed while it wrote. */
export function reportsOf(child: Child): readonly Report[] {
  return child.reports as unknown as readonly Report[];
}

const timesFaster = 20_000;

function hurriedClock(begin: number): Clock {
  return {
    now: () => new Date(Date.UTC(2030, 0) + (systemClock.now().getTime() - begin) * timesFaster),
    sleep: (ms, options) => systemClock.sleep(ms / timesFaster, options),
  };
}

async function run(folder: string, begin: number): Promise<void> {
  const clock = hurriedClock(begin);
  const datastore = await openDatastore({ path: join(folder, 'datastore.sqlite3'), clock, log: silentLogger });
  const trustDomain = TrustDomain.parse('example.org');
  const authority = new CertificateAuthority({
    ...datastore,
    clock,
    random: systemRandom,
    log: silentLogger,
    keys: await DiskKeyManager.open(join(folder, 'keys.json')),
    trustDomain,
    caTtlMs: 6 * hourMs,
    caKeyType: 'ec-p256',
    jwtKeyType: 'ec-p256',
    defaultX509SvidTtlSeconds: 3600,
    defaultJwtSvidTtlSeconds: 3600,
    disableJwtSvids: false,
  });
  await authority.start(new AbortController().signal);
  const spiffeId = SpiffeId.parse('spiffe://example.org/web');
  const publicKeyInfo = publicKeyInfoOf(await generateKey('ec-p256'));
  for (;;) {
    // What signs now is read before what is published now: never the other way round.
    const signed = sign(authority, spiffeId, publicKeyInfo);
    const bundle = await datastore.bundles.get(trustDomain);
    if (signed !== undefined && bundle !== undefined) {
      const report: Report = { ...signed, now: clock.now().getTime(), bundle: published(bundle) };
      process.stdout.write(`${JSON.stringify(report)}\n`);
    }
    await systemClock.sleep(20);
  }
}

function published({ jwtAuthorities, sequenceNumber, x509Authorities }: TrustBundle): Report['bundle'] {
  return {
    sequence: String(sequenceNumber),
    x509: x509Authorities.map(({ certificate }) => certificate.toString('base64')),
    jwt: jwtAuthorities.map(({ keyId, publicKey }) => ({ keyId, publicKey: publicKey.toString('base64') })),
  };
}

/** Undefined when an authority expired between two looks of the rotation, which are far apart at this speed. */
function sign(
  { jwtIssuer, localAuthorities, x509Issuer }: CertificateAuthority,
  spiffeId: SpiffeId,
  publicKeyInfo: Buffer,
): Omit<Report, 'bundle' | 'now'> | undefined {
  try {
    const { chain, expiresAt } = x509Issuer.issueX509Svid({ spiffeId, publicKeyInfo, ttlSeconds: 0 });
    const request = { spiffeId, audience: ['api'], ttlSeconds: 0, includeTokenId: false };
    const jwt = jwtIssuer?.issueJwtSvid(request);
    if (jwt === undefined || localAuthorities.jwt === undefined) return undefined;
    return {
      x509: idsOf(localAuthorities.x509),
      jwt: idsOf(localAuthorities.jwt),
      leaf: chain[0]?.toString('base64') ?? '',
      leafExpiresAt: expiresAt.getTime(),
      token: jwt.token,
      tokenExpiresAt: jwt.expiresAt.getTime(),
    };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_NOT_READY') return undefined;
    throw error;
  }
}

function idsOf(authority: LocalAuthority): readonly string[] {
  const { active, prepared } = authority.state();
  return [active.id, ...(prepared === undefined ? [] : [prepared.id])];
}

const [mode, folder, begin] = process.argv.slice(2);
if (mode === 'hurry' && folder !== undefined) await run(folder, Number(begin));
