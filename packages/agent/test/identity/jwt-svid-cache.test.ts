import assert from 'node:assert/strict';
import { JwtBundle, TrustDomain } from '@credence/sdk';
import { ManualClock, TestCa } from '@credence/sdk/testing';
import type { AuthorizedEntry } from '../../dist/domain/authorized-entry.js';
import { agentError } from '../../dist/domain/errors.js';
import { JwtSvidCache } from '../../dist/identity/jwt-svid-cache.js';
import { bundle, entry, middle } from '../support/entries.js';
import { RecordingLogger } from '../support/recording-logger.js';

const minute = 60_000;
const forever = new AbortController().signal;
const away = agentError('ERR_SERVER_UNREACHABLE', 'no answer to NewJWTSVID: connect ECONNREFUSED 192.0.2.1:8081');
const example = TrustDomain.parse('example.org');

/** A cache before a server that signs for 10 minutes, or does what `answer` says. */
class World {
  readonly clock = new ManualClock();
  readonly log = new RecordingLogger();
  readonly asked: { entryId: string; audience: readonly string[] }[] = [];
  readonly cache: JwtSvidCache;
  answer: () => Promise<string | undefined> = () => Promise.resolve(undefined);
  #admitted = 0;
  underWay = 0;
  readonly #ca: TestCa;

  private constructor(ca: TestCa, maxSize: number) {
    this.#ca = ca;
    const server = { newJwtSvid: (id: string, audience: readonly string[]) => this.#sign(id, audience) };
    this.cache = new JwtSvidCache({ clock: this.clock, random: middle, log: this.log, server, maxSize });
  }

  static async create(maxSize = 100): Promise<World> {
    return new World(await TestCa.create('example.org'), maxSize);
  }

  fetch(of: AuthorizedEntry, audience: readonly string[] = ['bank'], signal = forever): Promise<string> {
    return this.cache.fetch(of, { audience, admit: this.admit }, signal);
  }

  admit = (): Disposable => {
    this.#admitted++;
    this.underWay++;
    return { [Symbol.dispose]: () => this.underWay-- };
  };

  get admitted(): number {
    return this.#admitted;
  }

  rotate(): Promise<unknown> {
    return this.#ca.rotate();
  }

  /** The own bundle, with the keys of the server that the test names tainted. */
  bundle(...tainted: readonly string[]): ReturnType<typeof bundle> {
    return { ...bundle('example.org'), jwtBundle: this.#ca.jwtBundle(), taintedJwtKeyIds: new Set(tainted) };
  }

  token(path: string, audience: readonly string[], lifetimeMs = 10 * minute): Promise<string> {
    const issuedAt = this.clock.now();
    const expiresAt = new Date(issuedAt.getTime() + lifetimeMs);
    return this.#ca.jwtToken(`spiffe://example.org/${path}`, { audience, issuedAt, expiresAt });
  }

  async #sign(id: string, audience: readonly string[]): Promise<string> {
    this.asked.push({ entryId: id, audience });
    return (await this.answer()) ?? (await this.token(id, audience));
  }
}

describe('the cache of JWT-SVIDs', () => {
  it('asks once for an audience, in whatever order and however often its values are given', async () => {
    const world = await World.create();
    const web = entry('web');
    const token = await world.fetch(web, ['b', 'a']);
    assert.equal(await world.fetch(web, ['a', 'b', 'a']), token);
    assert.deepEqual(world.asked, [{ entryId: 'web', audience: ['a', 'b'] }]);
    assert.notEqual(await world.fetch(web, ['a']), token);
    assert.notEqual(await world.fetch(entry('db'), ['a', 'b']), token);
    assert.deepEqual([world.asked.length, world.admitted, world.underWay, world.cache.size], [3, 3, 0, 3]);
  });

  it('keeps audiences apart that look alike when they are joined', async () => {
    const world = await World.create();
    const web = entry('web');
    const tokens = [['a', 'b'], ['a,b'], ['a","b'], ['["a","b"]']].map((audience) => world.fetch(web, audience));
    assert.equal(new Set(await Promise.all(tokens)).size, 4);
  });

  it('asks once for all that want the same at the same time', async () => {
    const world = await World.create();
    const web = entry('web');
    const tokens = await Promise.all(Array.from({ length: 50 }, () => world.fetch(web)));
    assert.equal(new Set(tokens).size, 1);
    assert.deepEqual([world.asked.length, world.admitted], [1, 1]);
  });

  it('asks anew at half life, and not before', async () => {
    const world = await World.create();
    const web = entry('web');
    const token = await world.fetch(web);
    await world.clock.advance(5 * minute - 1);
    assert.equal(await world.fetch(web), token);
    await world.clock.advance(1);
    assert.notEqual(await world.fetch(web), token);
    assert.equal(world.asked.length, 2);
  });

  it('serves the old one while the server is away, without asking each time, and none that has expired', async () => {
    const world = await World.create();
    const web = entry('web');
    const token = await world.fetch(web);
    await world.clock.advance(6 * minute);
    world.answer = () => Promise.reject(away);
    for (let round = 0; round < 3; round++) assert.equal(await world.fetch(web), token);
    assert.equal(world.asked.length, 2);
    await world.clock.advance(5000);
    assert.equal(await world.fetch(web), token);
    assert.equal(world.asked.length, 3);
    await world.clock.advance(4 * minute);
    const late = world.fetch(web);
    late.catch(() => undefined); // looked at below
    await world.clock.waitForSleepers(2);
    for (let second = 0; second < 12; second++) await world.clock.advance(1000);
    await assert.rejects(late, {
      code: 'ERR_JWT_SVID',
      message: /^could not fetch JWT-SVID: the server did not answer$/,
    });
    assert.equal(world.underWay, 0);
    world.answer = () => Promise.resolve(undefined);
    assert.notEqual(await world.fetch(web), token);
  });

  it('does not wait long for a slow server while there is an old one, and takes the new one when it comes', async () => {
    const world = await World.create();
    const web = entry('web');
    const token = await world.fetch(web);
    await world.clock.advance(6 * minute);
    let finish: (token: string) => void = () => undefined;
    world.answer = () => new Promise((resolve) => (finish = resolve));
    const waiting = world.fetch(web);
    await world.clock.waitForSleepers(1);
    await world.clock.advance(1000);
    assert.equal(await waiting, token);
    const fresh = await world.token('web', ['bank']);
    finish(fresh);
    await new Promise(setImmediate);
    assert.equal(await world.fetch(web), fresh);
    assert.equal(world.asked.length, 2);
  });

  it('asks an unreachable server again as long as somebody may be waiting', async () => {
    const world = await World.create();
    world.answer = () => Promise.reject(away);
    const waiting = world.fetch(entry('web'));
    await world.clock.waitForSleepers(2); // the one until the next attempt, and the longest that a caller waits
    world.answer = () => Promise.resolve(undefined);
    await world.clock.advance(250);
    await waiting;
    assert.equal(world.asked.length, 2);
  });

  it('lets a caller go that has waited for 30 s, and one that does not want it any more', async () => {
    const world = await World.create();
    const gone = new AbortController();
    world.answer = () => new Promise(() => undefined);
    const [patient, impatient] = [world.fetch(entry('web')), world.fetch(entry('web'), ['bank'], gone.signal)];
    gone.abort(new Error('gone'));
    await assert.rejects(impatient, /^Error: gone$/);
    const rejected = assert.rejects(patient, { code: 'ERR_JWT_SVID', message: /no answer within 30 s/ });
    await world.clock.advance(30_000);
    await rejected;
    assert.equal(world.clock.sleepers, 0);
  });

  it('asks anew for an entry that has changed, and forgets the one before', async () => {
    const world = await World.create();
    const token = await world.fetch(entry('web'));
    const changed = entry('web', { revisionNumber: 1n });
    assert.notEqual(await world.fetch(changed), token);
    world.cache.remove('web');
    assert.equal(world.cache.size, 0);
  });

  it('does not keep what comes for an entry that was removed meanwhile', async () => {
    const world = await World.create();
    const waiting = world.fetch(entry('web'));
    world.cache.remove('web');
    await waiting;
    assert.equal(world.cache.size, 0);
  });

  it('gives each caller a token of its own where the entry asks for an ID in each (jti)', async () => {
    const world = await World.create();
    const web = entry('web', { jwtSvidIncludeJti: true });
    await Promise.all([world.fetch(web), world.fetch(web)]);
    await world.fetch(web);
    assert.deepEqual([world.asked.length, world.cache.size, world.underWay], [3, 0, 0]);
  });

  it('replaces what a tainted authority has signed, and serves it until then', async () => {
    const world = await World.create();
    const web = entry('web');
    const token = await world.fetch(web);
    world.cache.review(world.bundle());
    assert.equal(await world.fetch(web), token);
    const [tainted] = world.bundle().jwtBundle.authorities;
    await world.rotate();
    world.cache.review(world.bundle(tainted?.keyId ?? ''));
    world.answer = () => Promise.reject(away);
    assert.equal(await world.fetch(web), token);
    world.answer = () => Promise.resolve(undefined);
    await world.clock.advance(5000);
    const fresh = await world.fetch(web);
    assert.notEqual(fresh, token);
    assert.equal(await world.fetch(web), fresh);
    assert.deepEqual(world.log.records[0], {
      level: 'warn',
      message: 'JWT-SVIDs of a withdrawn authority are not used any more',
      fields: { tainted: 1, removed: 0 },
    });
  });

  it('does not serve for long what a tainted authority still signs', async () => {
    const world = await World.create();
    const web = entry('web');
    const [authority] = world.bundle().jwtBundle.authorities;
    world.cache.review(world.bundle(authority?.keyId ?? ''));
    await world.fetch(web);
    await world.fetch(web);
    assert.equal(world.asked.length, 2);
  });

  it('forgets at once what no authority of the bundle vouches for', async () => {
    const world = await World.create();
    const web = entry('web');
    await world.fetch(web);
    world.cache.review({ ...world.bundle(), jwtBundle: JwtBundle.fromAuthorities(example, []) });
    assert.equal(world.cache.size, 0);
    world.answer = () => Promise.reject(agentError('ERR_SERVER_REFUSED', 'AGENT_BANNED'));
    await assert.rejects(world.fetch(web), /could not fetch JWT-SVID: the server does not serve the agent/);
  });

  it('holds as many as it may; who has the most loses the one that it used least recently', async () => {
    const world = await World.create(4);
    const [greedy, modest] = [entry('greedy'), entry('modest')];
    await world.fetch(modest);
    for (const audience of ['1', '2', '3']) await world.fetch(greedy, [audience]);
    await world.fetch(greedy, ['1']);
    for (const audience of ['4', '5']) await world.fetch(greedy, [audience]);
    assert.deepEqual([world.cache.size, world.asked.length], [4, 6]);
    await world.fetch(modest);
    await world.fetch(greedy, ['1']);
    assert.equal(world.asked.length, 6);
    await world.fetch(greedy, ['2']);
    assert.equal(world.asked.length, 7);
  });

  it('does not ask for a caller that is not admitted, who still has what is held', async () => {
    const world = await World.create();
    const web = entry('web');
    const admit = (): Disposable => {
      throw agentError('ERR_CALLER_RATE', 'too often');
    };
    const refused = (): Promise<string> => world.cache.fetch(web, { audience: ['bank'], admit }, forever);
    await assert.rejects(refused(), { code: 'ERR_CALLER_RATE' });
    const token = await world.fetch(web);
    assert.equal(await refused(), token);
    await world.clock.advance(6 * minute);
    assert.equal(await refused(), token);
    assert.equal(world.asked.length, 1);
  });

  const odd: { name: string; answer: (world: World) => Promise<string>; says: RegExp }[] = [
    {
      name: 'of another identity',
      answer: (world) => world.token('db', ['bank']),
      says: /is of spiffe:.*\/db, not of/,
    },
    { name: 'for another audience', answer: (world) => world.token('web', ['x']), says: /not for the audience/ },
    { name: 'that has expired', answer: (world) => world.token('web', ['bank'], 0), says: /has expired/ },
    { name: 'that is no token', answer: () => Promise.resolve('a.b.c'), says: /cannot be used/ },
  ];
  for (const { name, answer, says } of odd) {
    it(`refuses one ${name}`, async () => {
      const world = await World.create();
      await world.fetch(entry('web'), ['good']);
      world.answer = () => answer(world);
      await assert.rejects(world.fetch(entry('web')), { code: 'ERR_JWT_SVID', message: says });
      assert.deepEqual([world.cache.size, world.underWay], [1, 0]);
    });
  }

  it('ends what is under way when it is disposed of', async () => {
    const world = await World.create();
    world.answer = () => Promise.reject(away);
    const waiting = world.fetch(entry('web'));
    await world.clock.waitForSleepers(2);
    const rejected = assert.rejects(waiting);
    world.cache[Symbol.dispose]();
    await rejected;
    assert.equal(world.clock.sleepers, 0);
  });
});
