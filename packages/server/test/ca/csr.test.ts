import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { createCertificateRequest } from '@credence/sdk/x509';
import { ThreadedCsrChecker } from '../../dist/ca/threaded-csr-checker.js';
import type { CheckedCsr } from '../../dist/ca/ports.js';
import { WorkerPool } from '../../dist/ca/worker-pool.js';
import { RecordingLogger } from './support/recording-logger.js';
import { x509 } from './support/peculiar.js';

const key = await generateKey('ec-p256');
const names = { uris: ['spiffe://example.org/web'], dnsNames: ['a.example'], subject: { commonName: 'web' } };
const good = createCertificateRequest(names, key);
// So many are checked in threads, one less is not.
const many = Array.from({ length: 5 }, () => good);

/** The good request with another key's bits in place of its own: whoever sends it does not hold that key. */
async function stolen(): Promise<Buffer> {
  const [own, other] = [publicKeyInfoOf(key), publicKeyInfoOf(await generateKey('ec-p256'))];
  const at = good.indexOf(own);
  return Buffer.concat([good.subarray(0, at), other, good.subarray(at + own.length)]);
}

describe('ThreadedCsrChecker', () => {
  let checker: ThreadedCsrChecker;
  const log = new RecordingLogger();
  beforeEach(() => {
    checker = new ThreadedCsrChecker({ log, workers: 2 });
  });
  afterEach(async () => {
    await checker[Symbol.asyncDispose]();
  });

  async function check(request: Uint8Array): Promise<CheckedCsr> {
    const [result] = await checker.check([request]);
    if (result === undefined || result instanceof Error) throw result ?? new Error('no result');
    return result;
  }

  it('answers key, subject and names of a request', async () => {
    const checked = await check(good);
    assert.ok(checked.publicKeyInfo.equals(publicKeyInfoOf(key)));
    assert.deepEqual(checked.uriSans, names.uris);
    assert.deepEqual(checked.dnsNames, names.dnsNames);
    assert.equal(new x509.Name(checked.subject).toString(), 'CN=web');
  });

  it('answers the same from a thread as inline', async () => {
    const inline = await check(good);
    const results = await checker.check(many);
    for (const result of results) assert.deepEqual(result, inline);
    assert.deepEqual(await check(good), inline);
    const [first] = results;
    assert.ok(first !== undefined && !(first instanceof Error) && Buffer.isBuffer(first.publicKeyInfo));
  });

  it('starts no thread for a few requests, and one a core for many', async () => {
    let threads = 0;
    const note = (): void => {
      threads++;
    };
    process.on('worker', note);
    try {
      await checker.check(many.slice(1));
      assert.equal(threads, 0);
      await checker.check(many);
      assert.equal(threads, 2);
    } finally {
      process.off('worker', note);
    }
  });

  for (const type of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    it(`accepts a request by a key of type ${type}, made by @peculiar/x509`, async () => {
      const algorithm =
        type === 'rsa-2048'
          ? {
              name: 'RSASSA-PKCS1-v1_5',
              hash: 'SHA-256',
              modulusLength: 2048,
              publicExponent: new Uint8Array([1, 0, 1]),
            }
          : { name: 'ECDSA', namedCurve: type === 'ec-p256' ? 'P-256' : 'P-384', hash: 'SHA-256' };
      const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
      const request = await x509.Pkcs10CertificateRequestGenerator.create({
        name: 'CN=x',
        keys,
        signingAlgorithm: algorithm,
      });
      const checked = await check(new Uint8Array(request.rawData));
      assert.ok(checked.publicKeyInfo.equals(Buffer.from(request.publicKey.rawData)));
    });
  }

  const refused: { name: string; request: () => Uint8Array | Promise<Uint8Array>; message: RegExp }[] = [
    { name: 'nothing', request: () => Buffer.alloc(0), message: /^malformed CSR: / },
    { name: 'garbage', request: () => Buffer.from('not a request'), message: /^malformed CSR: / },
    { name: 'PEM', request: () => Buffer.from('-----BEGIN CERTIFICATE REQUEST-----'), message: /^malformed CSR: / },
    {
      name: 'trailing bytes',
      request: () => Buffer.concat([good, Buffer.of(0)]),
      message: /^malformed CSR: .*trailing/,
    },
    { name: 'a request cut short', request: () => good.subarray(0, -1), message: /^malformed CSR: / },
    {
      name: 'one of 1 MB',
      request: () => createCertificateRequest({ uris: [`spiffe://example.org/${'a'.repeat(1 << 20)}`] }, key),
      message: /^malformed CSR: longer than 16384 bytes/,
    },
    { name: "another's key", request: stolen, message: /^invalid CSR signature/ },
    {
      name: 'a signature over something else',
      request: () => {
        const tampered = Buffer.from(good);
        tampered.writeUInt8(tampered.readUInt8(tampered.length - 1) ^ 1, tampered.length - 1);
        return tampered;
      },
      message: /^invalid CSR signature/,
    },
    { name: 'RSA of 1024 bits', request: () => rsaRequest(1024), message: /RSA of 1024 bits/ },
    { name: 'RSA of 16384 bits', request: () => rsaRequest(16_384), message: /RSA of 16384 bits|longer than/ },
    {
      name: 'a curve that is not known',
      request: () => ecRequest(Buffer.from('06052b8104000a', 'hex')), // secp256k1
      message: /^malformed CSR: .*curve/,
    },
    {
      name: 'a point that is not on its curve',
      request: () => {
        const at = good.indexOf(publicKeyInfoOf(key)) + 27;
        const off = Buffer.from(good);
        off.fill(0x11, at, at + 64);
        return off;
      },
      message: /^malformed CSR: public key is not a valid key/,
    },
  ];
  for (const { name, request, message } of refused) {
    it(`refuses ${name}, inline and in a thread`, async () => {
      await check(good);
      const bytes = await request();
      const [inline] = await checker.check([bytes]);
      const [threaded, positive] = await checker.check([bytes, ...many]);
      assert.ok(!(positive instanceof Error));
      for (const error of [inline, threaded] as (Error & { code?: string })[]) {
        assert.ok(error instanceof Error);
        assert.equal(error.code, 'ERR_CSR');
        assert.match(error.message, message);
      }
    });
  }

  it('answers each request of a batch in its place', async () => {
    const bad = await stolen();
    const pattern = Array.from({ length: 100 }, (_, index) => index % 3 === 0);
    const results = await checker.check(pattern.map((isGood) => (isGood ? good : bad)));
    assert.deepEqual(
      results.map((result) => !(result instanceof Error)),
      pattern,
    );
  });

  it('answers no request with no result', async () => {
    assert.deepEqual(await checker.check([]), []);
  });

  it('refuses within milliseconds what would be costly', async () => {
    const costly = [
      Buffer.alloc(1 << 20, 0x30),
      rsaRequest(16_384),
      createCertificateRequest({ dnsNames: Array.from({ length: 2000 }, (_, i) => `${i}.example`) }, key),
    ];
    await check(good);
    const start = process.hrtime.bigint();
    for (const request of costly) assert.ok((await checker.check([request]))[0] instanceof Error);
    assert.ok(process.hrtime.bigint() - start < 100_000_000n);
  });

  it('fails what is under way when it closes, and what comes afterwards', async () => {
    const running = checker.check(Array.from({ length: 200 }, () => good));
    await checker[Symbol.asyncDispose]();
    const results = await running;
    assert.equal(results.length, 200);
    assert.ok(results.every((result) => result instanceof Error));
    const [late] = await checker.check(many);
    assert.ok(late instanceof Error);
  });
});

describe('WorkerPool', () => {
  const pools: WorkerPool<string, string>[] = [];
  afterEach(async () => {
    for (const pool of pools.splice(0)) await pool[Symbol.asyncDispose]();
  });

  function poolOf(size: number): { pool: WorkerPool<string, string>; crashes: string[] } {
    const crashes: string[] = [];
    const script = new URL('./support/fragile-worker.js', import.meta.url);
    const pool = new WorkerPool<string, string>({ script, size, onCrash: ({ message }) => crashes.push(message) });
    pools.push(pool);
    return { pool, crashes };
  }

  it('replaces a worker that throws, and fails its jobs only', async () => {
    const { pool, crashes } = poolOf(1);
    assert.deepEqual(await pool.run(['a']), ['A']);
    const [dead, alive] = await Promise.all([pool.run(['throw']), pool.run(['b'])]);
    assert.match((dead[0] as Error).message, /told to throw/);
    assert.deepEqual(alive, ['B']);
    assert.deepEqual(crashes, ['told to throw']);
  });

  it('replaces a worker that exits', async () => {
    const { pool, crashes } = poolOf(1);
    const [dead] = await pool.run(['exit']);
    assert.match((dead as Error).message, /worker thread has stopped/);
    assert.deepEqual(await pool.run(['c']), ['C']);
    assert.equal(crashes.length, 1);
  });

  it('lets a small batch pass a large one', async () => {
    const { pool } = poolOf(1);
    const order: string[] = [];
    const large = pool.run(Array.from({ length: 400 }, () => 'x')).then(() => order.push('large'));
    const small = pool.run(['y']).then(() => order.push('small'));
    await Promise.all([large, small]);
    assert.deepEqual(order, ['small', 'large']);
  });

  it('starts no worker before there is work, and at most as many as it may', async () => {
    const { pool } = poolOf(2);
    assert.equal(pool.warm, false);
    const threads = await pool.run(Array.from({ length: 64 }, () => 'thread'));
    assert.equal(pool.warm, true);
    assert.equal(new Set(threads).size, 2);
  });
});

function derLength(length: number): Buffer {
  return length < 128
    ? Buffer.of(length)
    : length < 256
      ? Buffer.of(0x81, length)
      : Buffer.of(0x82, length >> 8, length & 255);
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), derLength(content.length), content]);
}

const ecdsaSha256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
const sha256Rsa = Buffer.from('300d06092a864886f70d01010b0500', 'hex');

/** A request by hand, of which only the key matters: it must be refused before the signature is looked at. */
function requestWith(publicKeyInfo: Buffer, algorithm: Buffer): Buffer {
  const info = der(0x30, der(0x02, Buffer.of(0)), der(0x30), publicKeyInfo, der(0xa0));
  return der(0x30, info, algorithm, der(0x03, Buffer.alloc(65)));
}

function rsaRequest(bits: number): Buffer {
  const modulus = Buffer.concat([Buffer.of(0, 0x80), Buffer.alloc(bits / 8 - 1, 1)]);
  const rsaKey = der(0x30, der(0x02, modulus), der(0x02, Buffer.of(1, 0, 1)));
  const algorithm = Buffer.from('300d06092a864886f70d0101010500', 'hex');
  return requestWith(der(0x30, algorithm, der(0x03, Buffer.of(0), rsaKey)), sha256Rsa);
}

function ecRequest(curve: Buffer): Buffer {
  const algorithm = der(0x30, Buffer.from('06072a8648ce3d0201', 'hex'), curve);
  return requestWith(der(0x30, algorithm, der(0x03, Buffer.of(0), Buffer.alloc(65, 4))), ecdsaSha256);
}
