// kill -9 of the server: nothing that was answered OK is lost, and it goes on as the same authority.
import assert from 'node:assert/strict';
import { existsSync, watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { status, type ServiceError } from '@grpc/grpc-js';
import { agentApi } from '@credence/sdk/wire';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { Certificate, toPem } from '@credence/sdk/x509';
import { Admin, verifyBy } from '../support/admin.js';
import type { Child } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { attest, call } from '../support/grpc.js';
import { seeded, type SeededRandom } from '../support/seeded.js';
import { until } from '../support/until.js';

const rounds = 10;
const clients = 4;

/** What an entry may be after the crash: its hint, or undefined when it is not there. */
type States = readonly (string | undefined)[];

/** A client that changes entries of its own one after the other until the server is gone. */
class Registrar {
  /** By entry ID. Of an answered call there is one state; an unanswered one may have been done or not. */
  readonly known = new Map<string, States>();
  readonly tokens: string[] = [];
  answers = 0;
  readonly #name: string;
  readonly #random: SeededRandom;
  #count = 0;

  constructor(name: string, random: SeededRandom) {
    this.#name = name;
    this.#random = random;
  }

  /** Resolves when a call was not answered. */
  async work(admin: Admin): Promise<void> {
    try {
      for (;;) {
        await this.#step(admin);
        this.answers++;
      }
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error, String(error));
    }
  }

  async #step(admin: Admin): Promise<void> {
    const ids = [...this.known.keys()];
    const kind = ids.length < 3 ? 'create' : this.#random.pick(['create', 'create', 'update', 'delete', 'token']);
    if (kind === 'token') {
      this.tokens.push(await admin.generateToken());
      return;
    }
    const id = kind === 'create' ? `${this.#name}-${this.#count++}` : this.#random.pick(ids);
    const before = this.known.get(id)?.[0];
    const after = kind === 'delete' ? undefined : `${kind} ${this.#count}`;
    this.known.set(id, [before, after]);
    const result = await this.#send(admin, kind, entryOf(id, after ?? ''));
    assert.equal(result?.status?.code, 0, result?.status?.message);
    if (after === undefined) this.known.delete(id);
    else this.known.set(id, [after]);
  }

  async #send(
    { entries }: Admin,
    kind: string,
    entry: Entry & { readonly id: string },
  ): Promise<{ readonly status: { readonly code: number; readonly message: string } | null } | undefined> {
    switch (kind) {
      case 'create':
        return (await call(entries, 'BatchCreateEntry', { entries: [entry] })).results[0];
      case 'update':
        return (await call(entries, 'BatchUpdateEntry', { entries: [entry] })).results[0];
      default:
        return (await call(entries, 'BatchDeleteEntry', { ids: [entry.id] })).results[0];
    }
  }
}

function entryOf(id: string, hint: string): Entry & { readonly id: string } {
  return {
    id,
    hint,
    parent_id: { trust_domain: 'example.org', path: '/node' },
    spiffe_id: { trust_domain: 'example.org', path: `/${id}` },
    selectors: [{ type: 'unix', value: 'uid:1' }],
  };
}

/** Compares what the server holds with what the clients were told, and takes it up for the next round. */
async function checkEntries(admin: Admin, registrars: readonly Registrar[]): Promise<void> {
  const stored = new Map((await admin.listEntries()).map(({ id, hint }) => [id, hint]));
  for (const { known } of registrars) {
    for (const [id, states] of known) {
      const hint = stored.get(id);
      assert.ok(states.includes(hint), `entry ${id} is ${String(hint)}; expected one of ${states.map(String).join()}`);
      if (hint === undefined) known.delete(id);
      else known.set(id, [hint]);
      stored.delete(id);
    }
  }
  assert.deepEqual([...stored.keys()], [], 'entries that nobody created, or that were deleted');
}

async function ready(server: Child): Promise<void> {
  await until('the server to be ready', () => {
    if (!server.running) throw new Error(`it ended: ${server.stdout}${server.stderr}`);
    return server.stdout.includes('server is ready');
  });
}

describe('kill -9 of the server', () => {
  let deployment: Deployment;

  beforeEach(async () => {
    deployment = await Deployment.create();
  });

  afterEach(() => deployment[Symbol.asyncDispose]());

  it(`loses nothing that was answered OK, ${rounds} times while ${clients} clients write`, () =>
    seeded(async (random) => {
      const config = { ratelimit: { attestation: false } };
      const address = `127.0.0.1:${deployment.port}`;
      let server = await deployment.launchServer({ config });
      await ready(server);
      let admin = new Admin(deployment.adminSocket);
      const authorities = await admin.authorities();
      const minted = await admin.mint('/before');
      const roots = authorities.map((der) => toPem(der, 'CERTIFICATE')).join('');
      const identity = await attest(address, roots, await admin.generateToken());
      const [agentId] = await admin.agentIds();
      const registrars = Array.from({ length: clients }, (_, i) => new Registrar(`client-${i}`, random));
      const answered = (): number => registrars.reduce((sum, { answers }) => sum + answers, 0);
      for (let round = 0; round < rounds; round++) {
        const enough = answered() + 10 + random.below(150);
        const working = registrars.map((registrar) => registrar.work(admin));
        await until('the clients to be at work', () => answered() >= enough);
        // The moment of the crash, anywhere within a write.
        await sleep(random.next() * 5);
        await server.stop('SIGKILL');
        await Promise.all(working);
        admin[Symbol.dispose]();

        server = await deployment.launchServer({ config });
        await ready(server);
        admin = new Admin(deployment.adminSocket);
        await checkEntries(admin, registrars);
        assert.deepEqual(await admin.authorities(), authorities);
        verifyBy(authorities, minted);
        verifyBy(authorities, await admin.mint('/after'));
        const agent = agentApi.createClient(address, identity, { 'grpc.use_local_subchannel_pool': 1 });
        await call(agent, 'PostStatus', {});
        agent.close();
        assert.ok((await admin.agentIds()).includes(agentId!));
      }
      // Every token that was handed out can be used, once.
      const tokens = registrars.flatMap((registrar) => registrar.tokens);
      assert.ok(tokens.length > 0);
      for (const token of tokens.slice(-5)) await attest(address, roots, token);
      await assert.rejects(attest(address, roots, tokens.at(-1)!), /does not exist or has already been used/);
      admin[Symbol.dispose]();
    })).timeout(60_000);

  it('leaves no unknown signer, whenever it comes while an authority is prepared or activated', () =>
    seeded(async (random) => {
      const config = { ca_ttl: '3s' };
      const minted: (readonly Buffer[])[] = [];
      const seen = new Set<string>();
      for (let round = 0; round < 12; round++) {
        const server = await deployment.launchServer({ config });
        if (round % 2 === 1 && (await killedAtKeyChange(deployment, server, random))) continue;
        await ready(server);
        using admin = new Admin(deployment.adminSocket);
        minted.push(...(await mintIfLive(admin, `/round-${round}`)));
        const authorities = await admin.authorities();
        const served = await certificateOf(deployment.port);
        verifyBy(authorities, [served.raw]);
        for (const der of authorities) seen.add(der.toString('base64'));
        const live = minted.filter(([leaf]) => Certificate.parse(leaf!).notAfter.getTime() > Date.now() + 100);
        for (const one of live) verifyBy(authorities, one);
        await server.stop('SIGKILL');
      }
      assert.ok(minted.length > 2 && seen.size > 1, `${minted.length} SVIDs of ${seen.size} authorities`);
    })).timeout(60_000);
});

/** One chain; none when the authority, which lives for seconds here, ended between two of the server's looks at it. */
async function mintIfLive(admin: Admin, path: string): Promise<readonly (readonly Buffer[])[]> {
  try {
    return [await admin.mint(path)];
  } catch (error) {
    assert.equal((error as ServiceError).code, status.UNAVAILABLE, String(error));
    return [];
  }
}

/** Kills the server within some milliseconds after it wrote a new key; false when it became ready without. */
async function killedAtKeyChange(deployment: Deployment, server: Child, random: SeededRandom): Promise<boolean> {
  await until('the data directory', () => server.stdout !== '' || existsSync(deployment.serverDataDir));
  const keys = { changed: false };
  const watcher = watch(deployment.serverDataDir, (_, name) => {
    keys.changed ||= name === 'keys.json';
  });
  try {
    await until('a key, or readiness', () => keys.changed || server.stdout.includes('server is ready'));
    if (!keys.changed) return false;
    await sleep(random.next() * 15);
    await server.stop('SIGKILL');
    return true;
  } finally {
    watcher.close();
  }
}

/** The leaf that the server presents on its port. */
function certificateOf(port: number): Promise<Certificate> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: ['h2'] };
    const socket = connectTls(options, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(Certificate.parse(raw));
    });
    socket.once('error', reject);
  });
}
