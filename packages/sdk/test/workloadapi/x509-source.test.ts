import assert from 'node:assert/strict';
import { generateKeyPair } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { status } from '@grpc/grpc-js';
import { X509Source, type SpiffeError, type X509SourceOptions } from '@credence/sdk';
import { FakeWorkloadApi, ManualClock, TestCa } from '@credence/sdk/testing';
import { x509SvidResponse } from '../../dist/testing/workload-api-messages.js';

describe('X509Source', () => {
  let fake: FakeWorkloadApi;
  let ca: TestCa;
  const sources: X509Source[] = [];
  const create = async (options: X509SourceOptions = {}): Promise<X509Source> => {
    const source = await X509Source.create({ address: fake.address, ...options });
    sources.push(source);
    return source;
  };

  before(async () => {
    ca = await TestCa.create('example.org');
  });
  beforeEach(async () => {
    fake = await FakeWorkloadApi.start();
  });
  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close();
    await fake[Symbol.asyncDispose]();
  });

  it('is ready with the first valid update, after whatever came before', async () => {
    fake.setX509Response({ svids: [] });
    const creating = create();
    const svid = await ca.x509Svid('/a');
    fake.setX509([svid], [ca.bundle()]);
    const source = await creating;
    assert.ok(source.getX509Svid().leaf.equals(svid.leaf));
    assert.ok(source.getX509BundleForTrustDomain(ca.trustDomain).equals(ca.bundle()));
    assert.equal(source.healthy, true);
  });

  it('follows updates, announces each once, and no unchanged one', async () => {
    const [first, second] = [await ca.x509Svid('/1'), await ca.x509Svid('/2')];
    fake.setX509([first], [ca.bundle()]);
    const source = await create();
    let updates = 0;
    source.on('update', () => updates++);
    fake.setX509([first], [ca.bundle()]);
    const next = source.waitUntilUpdated();
    fake.setX509([second], [ca.bundle()]);
    assert.equal((await next).defaultSvid.id.path, '/2');
    assert.equal(source.getX509Svid().id.path, '/2');
    assert.equal(updates, 1);
  });

  it('picks by hint or by a function, and discards an update without a match', async () => {
    const svids = [await ca.x509Svid('/a'), await ca.x509Svid('/b', { hint: 'internal' })];
    fake.setX509(svids, [ca.bundle()]);
    const byHint = await create({ hint: 'internal' });
    const byPicker = await create({ picker: (all) => all.at(-1) });
    assert.equal(byHint.getX509Svid().id.path, '/b');
    assert.equal(byPicker.getX509Svid().id.path, '/b');
    const failed = once(byHint, 'error');
    fake.setX509([await ca.x509Svid('/c', { hint: 'other' })], [ca.bundle()]);
    const [error] = (await failed) as [Error];
    assert.match(error.message, /'internal'.*'other'/);
    assert.equal(byHint.getX509Svid().id.path, '/b');
    await assert.rejects(create({ hint: 'x', picker: () => undefined }), TypeError);
  });

  it('EV-44: no longer uses its identities after PERMISSION_DENIED (Workload API §5.2.1), until there are new ones', async () => {
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    const source = await create();
    const revoked = once(source, 'update');
    fake.fail(status.PERMISSION_DENIED, 'no identity issued');
    assert.deepEqual(await revoked, [undefined]);
    assert.throws(() => source.getX509Svid(), { code: 'ERR_SPIFFE_NO_IDENTITY' });
    assert.throws(() => source.bundles, { code: 'ERR_SPIFFE_NO_IDENTITY' });
    assert.equal(source.healthy, false);
    const restored = source.waitUntilUpdated();
    fake.setX509([await ca.x509Svid('/b')], [ca.bundle()]);
    assert.equal((await restored).defaultSvid.id.path, '/b');
  });

  it('keeps its identities after PERMISSION_DENIED when it is told to', async () => {
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    const source = await create({ onRevoked: 'keep' });
    const failed = once(source, 'error');
    fake.fail(status.PERMISSION_DENIED);
    await failed;
    assert.equal(source.getX509Svid().id.path, '/a');
  });

  it('no longer uses its identities when what it is told is no answer to onRevoked', async () => {
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    const source = await create({ onRevoked: 'Keep' as 'keep' });
    const failed = once(source, 'error');
    fake.fail(status.PERMISSION_DENIED);
    await failed;
    assert.throws(() => source.getX509Svid(), { code: 'ERR_SPIFFE_NO_IDENTITY' });
  });

  it('keeps its identities while the endpoint is away, and survives errors without a listener', async () => {
    const warnings: string[] = [];
    const nothing = (): void => undefined;
    const logger = {
      debug: nothing,
      info: nothing,
      error: nothing,
      warn: (_: object, text: string) => warnings.push(text),
    };
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    const clock = new ManualClock(new Date());
    const source = await create({ logger, clock });
    await fake.stop();
    await clock.waitForSleepers(1);
    assert.deepEqual(warnings, ['x509 source failed to update']);
    assert.equal(source.getX509Svid().id.path, '/a');
  });

  it('rejects in time, with the last failure as the cause', async () => {
    const clock = new ManualClock(new Date());
    const creating = create({ clock, timeoutMs: 900 });
    creating.catch(() => undefined);
    await clock.waitForSleepers(2);
    await clock.advance(900);
    await assert.rejects(creating, (error: Error) => {
      assert.match(error.message, /900 ms.*no identity issued/);
      assert.equal((error.cause as { code: string }).code, 'ERR_SPIFFE_NO_IDENTITY');
      return true;
    });
  });

  it('rejects at once with what must not be retried, and with the reason of its signal', async () => {
    fake.fail(status.UNIMPLEMENTED);
    await assert.rejects(create(), { code: 'ERR_SPIFFE_WORKLOAD_API', message: /UNIMPLEMENTED/ });
    fake.stall();
    const controller = new AbortController();
    const creating = create({ signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(creating, reason);
    await assert.rejects(X509Source.create({ address: 'nonsense' }), { code: 'ERR_SPIFFE_ENDPOINT' });
  });

  it('is not healthy once its SVID has expired, though no call has failed', async () => {
    const clock = new ManualClock(new Date());
    const svid = await ca.x509Svid('/a');
    fake.setX509([svid], [ca.bundle()]);
    const source = await create({ clock });
    fake.stall();
    await clock.advance(svid.expiresAt.getTime() - clock.now().getTime());
    assert.equal(source.healthy, true);
    await clock.advance(1000);
    assert.equal(source.healthy, false);
  });

  it('uses an update with an odd foreign authority, is healthy, and says so', async () => {
    const other = await TestCa.create('other.test');
    const { privateKey: key } = await promisify(generateKeyPair)('ec', { namedCurve: 'secp256k1' });
    const { chain } = await other.credential('/root', { key });
    const svid = await ca.x509Svid('/a');
    fake.setX509([svid], [ca.bundle()]);
    const source = await create();
    const failed = once(source, 'error');
    const updated = source.waitUntilUpdated();
    const message = x509SvidResponse([svid], [ca.bundle()]);
    fake.setX509Response({ ...message, federated_bundles: { 'spiffe://other.test': chain[0]! } });
    assert.equal(((await failed) as [SpiffeError])[0].code, 'ERR_SPIFFE_BUNDLE');
    assert.deepEqual((await updated).bundles.get(other.trustDomain)?.authorities, []);
    assert.equal(source.healthy, true);
  });

  it('tells every listener and goes on, when one of them throws', async () => {
    fake.setX509([await ca.x509Svid('/1')], [ca.bundle()]);
    const source = await create();
    const [updateBug, errorBug] = [new Error('a bug at update'), new Error('a bug at error')];
    const heard: string[] = [];
    source.on('update', () => {
      throw updateBug;
    });
    source.on('update', (context) => heard.push(context?.defaultSvid.id.path ?? 'none'));
    source.on('error', () => {
      throw errorBug;
    });
    source.on('error', ({ code }) => heard.push(code));
    const uncaught = await catchingUncaught(async () => {
      const failed = new Promise((resolve) => source.once('error', resolve));
      fake.fail(status.UNAVAILABLE);
      await failed;
      const updated = source.waitUntilUpdated();
      fake.setX509([await ca.x509Svid('/2')], [ca.bundle()]);
      await updated;
    });
    assert.deepEqual(heard.slice(0, 2), ['ERR_SPIFFE_WORKLOAD_API', '/2']);
    assert.deepEqual(uncaught.slice(0, 2), [errorBug, updateBug]);
  });

  it('takes any number of listeners and loops without a warning', async () => {
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    const source = await create();
    const controller = new AbortController();
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    try {
      const loops = Array.from({ length: 20 }, () => source.waitUntilUpdated({ signal: controller.signal }));
      for (let i = 0; i < 20; i++) source.on('update', () => undefined);
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort();
      for (const loop of await Promise.allSettled(loops)) assert.equal(loop.status, 'rejected');
      assert.deepEqual(warnings, []);
    } finally {
      process.off('warning', warned);
    }
  });

  it('closes once: loops end, getters throw', async () => {
    fake.setX509([await ca.x509Svid('/a')], [ca.bundle()]);
    const source = await create();
    const updates = source.updates();
    await updates.next();
    const waiting = source.waitUntilUpdated();
    waiting.catch(() => undefined);
    let closes = 0;
    source.on('close', () => closes++);
    await Promise.all([source.close(), source.close()]);
    assert.equal(closes, 1);
    assert.equal((await updates.next()).done, true);
    await assert.rejects(waiting, { code: 'ERR_SPIFFE_CLOSED' });
    assert.throws(() => source.getX509Svid(), { code: 'ERR_SPIFFE_CLOSED' });
    assert.equal(source.closed, true);
  });
});

/** What nobody caught while `run` ran; mocha's own listener, which fails the test, is away for that time. */
async function catchingUncaught(run: () => Promise<void>): Promise<readonly unknown[]> {
  const uncaught: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error));
  try {
    await run();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  return uncaught;
}
