// kill -9 in each phase of rotation: prepare, journal, publish, activate, taint, revoke, prune. After the restart nobody
// signs that is not published, and every SVID that lives still verifies.
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, watch, type FSWatcher } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TrustDomain, verifyX509Svid, X509Bundle, X509BundleSet } from '@credence/sdk';
import { Certificate } from '@credence/sdk/x509';
import { compactVerify, decodeProtectedHeader } from 'jose';
import { Admin, verifyBy } from '../support/admin.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { reportsOf, startHurriedAuthority, type Report } from '../support/hurried-authority.js';
import { seeded, type SeededRandom } from '../support/seeded.js';
import { until } from '../support/until.js';

describe('kill -9 while authorities rotate', () => {
  it('leaves no unknown signer and loses no living SVID, whenever it comes in days of rotation and pruning (TDB-4.1.1-b)', () =>
    seeded(async (random) => {
      const folder = mkdtempSync(join(tmpdir(), 'credence-rotation-'));
      const begin = Date.now();
      const all: Report[] = [];
      const signers = new Set<string>();
      let pruned = 0;
      try {
        for (let round = 0; round < 16; round++) {
          await using authority = startHurriedAuthority(folder, begin);
          await until('a report', () => started(authority));
          await check(reportsOf(authority)[0]!, all);
          // The bundle is pruned every six hours of a run.
          if (round % 2 === 1) await until('the time of pruning', () => hoursOf(authority) > 5.9);
          await killAtWrite(authority, folder, random, 400);
          for (const report of reportsOf(authority)) {
            checkSigners(report);
            for (const id of report.x509) signers.add(id);
            const before = all.at(-1)?.bundle;
            assert.ok(BigInt(report.bundle.sequence) >= BigInt(before?.sequence ?? 0), 'the sequence went back');
            pruned += before?.x509.filter((der) => !report.bundle.x509.includes(der)).length ?? 0;
            all.push(report);
          }
        }
        assert.ok(signers.size > 5, `${signers.size} authorities`);
        assert.ok(pruned > 0, 'nothing was pruned');
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    })).timeout(90_000);

  for (const kind of ['X509', 'JWT'] as const) {
    it(`keeps what was answered, and undoes or finishes what was not, in each step of a ${kind} rotation by hand`, () =>
      seeded(async (random) => {
        await using deployment = await Deployment.create();
        const before = new Minted();
        let expected: Expected = { active: '', prepared: '', old: '', tainted: [] };
        for (let round = 0; round < 12; round++) {
          const server = await deployment.launchServer();
          await until('the server to be ready', () => server.stdout.includes('server is ready'));
          using admin = new Admin(deployment.adminSocket);
          const state = await stateOf(admin, kind);
          if (round > 0) checkState(state, expected);
          await before.check(admin, state);
          await before.mint(admin);
          const step = nextStep(state);
          const killed = killAtWrite(server, deployment.serverDataDir, random, 40);
          expected = await take(admin, kind, step, state).catch(() => ({ ...state, step }));
          await killed;
        }
      })).timeout(90_000);
  }
});

/** Whether there is a report; the child must not have ended. */
function started(authority: Child): boolean {
  if (!authority.running) throw new Error(`it ended: ${authority.stdout.slice(-500)}${authority.stderr}`);
  return reportsOf(authority).length > 0;
}

/** How long it has run, by its own clock. */
function hoursOf(authority: Child): number {
  const reports = reportsOf(authority);
  return ((reports.at(-1)?.now ?? 0) - (reports[0]?.now ?? 0)) / 3_600_000;
}

/** Kills the process with some write to its files, or some milliseconds after it; after `patienceMs` at the latest. */
async function killAtWrite(child: Child, folder: string, random: SeededRandom, patienceMs: number): Promise<void> {
  const writes = 1 + random.below(6);
  const watcher = watch(folder);
  try {
    await Promise.race([events(watcher, writes), sleep(random.next() * patienceMs)]);
    if (random.next() < 0.5) await sleep(random.next() * 5);
  } finally {
    watcher.close();
    await child.stop('SIGKILL');
  }
}

function events(watcher: FSWatcher, count: number): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    watcher.on('change', () => {
      seen += 1;
      if (seen === count) resolve();
    });
  });
}

/** Whoever signs, or is to, is published. */
function checkSigners({ bundle, jwt, leaf, token, x509 }: Report): void {
  const authorities = bundle.x509.map((der) => Certificate.parse(Buffer.from(der, 'base64')));
  const published = authorities.map(({ subjectKeyId }) => subjectKeyId!.toString('hex'));
  for (const id of x509) assert.ok(published.includes(id), `X.509 authority ${id} is not published`);
  const issuer = Certificate.parse(Buffer.from(leaf, 'base64')).authorityKeyId!.toString('hex');
  assert.ok(published.includes(issuer), `the signer ${issuer} is not published`);
  const keyIds = bundle.jwt.map(({ keyId }) => keyId);
  for (const id of jwt) assert.ok(keyIds.includes(id), `JWT authority ${id} is not published`);
  assert.ok(keyIds.includes(decodeProtectedHeader(token).kid!), 'the signer of the token is not published');
}

/** What was signed before and still lives verifies by the bundle of the first report after a restart. */
async function check({ bundle, now }: Report, signedBefore: readonly Report[]): Promise<void> {
  const trustDomain = TrustDomain.parse('example.org');
  const der = Buffer.concat(bundle.x509.map((text) => Buffer.from(text, 'base64')));
  const bundles = X509BundleSet.of(X509Bundle.parseDer(trustDomain, der));
  for (const { leaf, leafExpiresAt, token, tokenExpiresAt } of signedBefore) {
    if (leafExpiresAt > now) verifyX509Svid([Buffer.from(leaf, 'base64')], bundles, { now: new Date(now) });
    if (tokenExpiresAt <= now) continue;
    const key = bundle.jwt.find(({ keyId }) => keyId === decodeProtectedHeader(token).kid);
    assert.ok(key, 'the key of a token that lives is gone');
    await compactVerify(token, publicKeyOf(Buffer.from(key.publicKey, 'base64')));
  }
}

function publicKeyOf(der: Buffer): ReturnType<typeof createPublicKey> {
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}

type Kind = 'X509' | 'JWT';
type Step = 'prepare' | 'activate' | 'taint' | 'revoke';

interface State {
  readonly active: string;
  readonly prepared: string;
  readonly old: string;
  readonly tainted: readonly string[];
}

/** The state before a step that was not answered, or after one that was. */
interface Expected extends State {
  readonly step?: Step;
}

async function stateOf({ bundles, localAuthorities }: Admin, kind: Kind): Promise<State> {
  const { active, prepared, old } = await call(localAuthorities, `Get${kind}AuthorityState`, {});
  const bundle = await call(bundles, 'GetBundle', {});
  const published =
    kind === 'JWT'
      ? bundle.jwt_authorities.map(({ key_id: id, tainted }) => ({ id, tainted }))
      : bundle.x509_authorities.map(({ asn1, tainted }) => ({
          id: Certificate.parse(asn1).subjectKeyId!.toString('hex'),
          tainted,
        }));
  const has = (id: string): boolean => published.some((authority) => authority.id === id);
  const state = {
    active: active?.authority_id ?? '',
    prepared: prepared?.authority_id ?? '',
    old: old !== null && has(old.authority_id) ? old.authority_id : '',
    tainted: published.filter(({ tainted }) => tainted).map(({ id }) => id),
  };
  assert.ok(has(state.active), 'the active authority is not published');
  assert.ok(state.prepared === '' || has(state.prepared), 'the prepared authority is not published');
  assert.ok(!state.tainted.includes(state.active), 'the active authority is tainted');
  return state;
}

function nextStep({ prepared, old, tainted }: State): Step {
  if (prepared !== '') return 'activate';
  if (old === '') return 'prepare';
  return tainted.includes(old) ? 'revoke' : 'taint';
}

/** The state once the step is answered. */
async function take({ localAuthorities: client }: Admin, kind: Kind, step: Step, state: State): Promise<Expected> {
  const { active, prepared, old, tainted } = state;
  switch (step) {
    case 'prepare': {
      const answer = await call(client, `Prepare${kind}Authority`, {});
      return { ...state, prepared: answer.prepared_authority!.authority_id };
    }
    case 'activate':
      await call(client, `Activate${kind}Authority`, { authority_id: prepared });
      return { active: prepared, prepared: '', old: active, tainted };
    case 'taint':
      await call(client, `Taint${kind}Authority`, { authority_id: old });
      return { ...state, tainted: [...tainted, old] };
    case 'revoke':
      await call(client, `Revoke${kind}Authority`, { authority_id: old });
      return { ...state, old: '', tainted: tainted.filter((id) => id !== old) };
  }
}

/** An answered step was taken. One that was not answered was taken or not, and nothing in between. */
function checkState(state: State, { step, ...before }: Expected): void {
  const { active, prepared, old, tainted } = before;
  const taken: Readonly<Record<Step, State>> = {
    prepare: { ...before, prepared: state.prepared },
    activate: { active: prepared, prepared: '', old: active, tainted },
    taint: { ...before, tainted: [...tainted, old] },
    revoke: { ...before, old: '', tainted: tainted.filter((id) => id !== old) },
  };
  const possible = step === undefined ? [before] : [before, taken[step]];
  const shown = possible.map((one) => JSON.stringify(one)).join(' or ');
  assert.ok(
    possible.some((one) => JSON.stringify(one) === JSON.stringify(state)),
    `${JSON.stringify(state)}; expected ${shown}`,
  );
}

/** What the servers signed, each to verify for as long as its authority is not revoked. */
class Minted {
  readonly #chains: (readonly Buffer[])[] = [];
  readonly #tokens: string[] = [];

  async mint(admin: Admin): Promise<void> {
    this.#chains.push(await admin.mint('/web'));
    const request = { id: { trust_domain: 'example.org', path: '/web' }, audience: ['api'], ttl: 3600 };
    this.#tokens.push((await call(admin.svids, 'MintJWTSVID', request)).svid!.token);
  }

  async check(admin: Admin, { active }: State): Promise<void> {
    assert.notEqual(active, '');
    const { jwt_authorities: jwt, x509_authorities: x509 } = await call(admin.bundles, 'GetBundle', {});
    const authorities = x509.map(({ asn1 }) => asn1);
    const ids = authorities.map((der) => Certificate.parse(der).subjectKeyId!.toString('hex'));
    for (const chain of this.#chains) {
      const signer = Certificate.parse(chain[0]!).authorityKeyId!.toString('hex');
      if (ids.includes(signer)) verifyBy(authorities, chain);
      else assert.throws(() => verifyBy(authorities, chain), { code: 'ERR_SPIFFE_VERIFY' });
    }
    for (const token of this.#tokens) {
      const key = jwt.find(({ key_id: id }) => id === decodeProtectedHeader(token).kid);
      if (key !== undefined) await compactVerify(token, publicKeyOf(key.public_key));
    }
  }
}
