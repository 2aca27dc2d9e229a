// The bundle endpoint of a running server, from outside: the rows that bind a publisher of bundles.
import assert from 'node:assert/strict';
import { createPublicKey, X509Certificate, type JsonWebKey } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { SpiffeBundle, TrustDomain, verifyX509Svid, X509BundleSet } from '@credence/sdk';
import type { Child } from '../support/child.js';
import { Deployment, freePort } from '../support/deployment.js';

interface Jwk extends JsonWebKey {
  readonly kty: string;
  readonly use: string;
  readonly kid?: string;
  readonly x5c?: readonly string[];
}

interface Document {
  readonly keys: readonly Jwk[];
  readonly spiffe_sequence: number;
  readonly spiffe_refresh_hint: number;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

describe('the bundle endpoint of the server', () => {
  let deployment: Deployment;
  let port: number;
  let server: Child;

  before(async () => {
    deployment = await Deployment.create();
    port = await freePort();
    server = await deployment.startServer({ config: federation() });
  });
  after(() => deployment[Symbol.asyncDispose]());

  const federation = (): object => ({
    federation: { bundle_endpoint: { address: '127.0.0.1', port, refresh_hint: '2m', profile: { https_spiffe: {} } } },
  });
  const ask = (method = 'GET', path = '/'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path, method, agent: false, rejectUnauthorized: false };
      request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
        });
      })
        .on('error', reject)
        .end();
    });
  const document = async (): Promise<Document> => JSON.parse((await ask()).body.toString()) as Document;
  const handshake = (options: ConnectionOptions = {}): Promise<TLSSocket> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
        resolve(socket);
      }).on('error', reject);
    });
  const authority = async (kind: string, ...args: string[]): Promise<string> => {
    const out = await deployment.admin('localauthority', kind, ...args);
    return /Authority ID: (\w+)/.exec(out)?.[1] ?? assert.fail(out);
  };

  it('answers GET / without a client certificate, as UTF-8 JSON (FED-4-a, FED-5-b, FED-5.2.2.3-b, FED-5.2.2.3-d, FED-5.2.2.3-e)', async () => {
    const { status, headers, body } = await ask();
    assert.deepEqual([status, headers['content-type']], [200, 'application/json']);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    // TDB-4-a is proven by the parser of the standard, too.
    assert.equal(SpiffeBundle.parse(TrustDomain.parse(deployment.trustDomain), text).x509.authorities.length, 1);
    assert.equal((await ask('GET', '/other')).status, 404);
    for (const method of ['POST', 'PUT', 'DELETE']) assert.equal((await ask(method)).status, 405);
  });

  it('publishes X.509 authorities as the standard has them (X509-6.1-a, X509-6.1-b, X509-6.1-c, X509-6.1-d, X509-6.1-e)', async () => {
    const [key, ...others] = (await document()).keys.filter(({ use }) => use === 'x509-svid');
    assert.ok(key !== undefined && others.length === 0);
    assert.equal(key.kid, undefined);
    const [encoded = '', ...more] = key.x5c ?? [];
    assert.deepEqual(more, []);
    assert.match(encoded, /^[A-Za-z0-9+/]+=*$/);
    const certificate = new X509Certificate(Buffer.from(encoded, 'base64'));
    assert.ok(certificate.ca && certificate.verify(certificate.publicKey));
    const { kty, crv, x, y } = certificate.publicKey.export({ format: 'jwk' });
    assert.deepEqual(key, { use: 'x509-svid', kty, crv, x, y, x5c: [encoded] });
  });

  it('publishes JWT authorities as the standard has them (JWT-6.1-a, JWT-6.1-b, JWT-6.1-c)', async () => {
    const [key, ...others] = (await document()).keys.filter(({ use }) => use === 'jwt-svid');
    assert.ok(key !== undefined && others.length === 0);
    assert.ok(key.kid !== undefined && key.kid !== '');
    assert.equal(createPublicKey({ key, format: 'jwk' }).type, 'public');
    assert.deepEqual(Object.keys(key).sort(), ['crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  it('is a JWK Set with sequence, hint and nothing else (TDB-4-a, TDB-4.1.1-a, TDB-4.1.2-a, TDB-4.1.2-b, TDB-4.1.3-a, TDB-4.2-c, TDB-4.2.1-a, TDB-4.2.2-a)', async () => {
    const whole = await document();
    assert.deepEqual(Object.keys(whole).sort(), ['keys', 'spiffe_refresh_hint', 'spiffe_sequence']);
    assert.ok(Number.isInteger(whole.spiffe_sequence));
    assert.equal(whole.spiffe_refresh_hint, 120);
    const known = ['crv', 'kid', 'kty', 'use', 'x', 'x5c', 'y'];
    for (const key of whole.keys) {
      assert.ok(key.kty !== '' && key.use !== '');
      assert.deepEqual(
        Object.keys(key).filter((name) => !known.includes(name)),
        [],
      );
    }
  });

  it('shows each change at once, under a higher sequence number (TDB-4.1.1-b, TDB-4.1.1-c, X509-6.1-f, TDB-3-c, FED-4.1-c, FED-5.2.2.3-c)', async () => {
    let sequence = (await document()).spiffe_sequence;
    const counts = async (): Promise<readonly number[]> => {
      const { keys, spiffe_sequence: next } = await document();
      assert.ok(next > sequence, `${String(next)} after ${String(sequence)}`);
      sequence = next;
      return ['x509-svid', 'jwt-svid'].map((wanted) => keys.filter(({ use }) => use === wanted).length);
    };
    for (const [kind, grown] of [
      ['x509', [2, 1]],
      ['jwt', [1, 2]],
    ] as const) {
      const old = await authority(kind, 'show');
      const next = await authority(kind, 'prepare');
      assert.deepEqual(await counts(), grown);
      await authority(kind, 'activate', '--authority-id', next);
      await authority(kind, 'taint', '--authority-id', old);
      await authority(kind, 'revoke', '--authority-id', old);
      assert.deepEqual(await counts(), [1, 1]);
    }
  });

  it('has an X.509-SVID of the server (FED-5.2.2.3-a)', async () => {
    const socket = await handshake();
    const leaf = socket.getPeerX509Certificate()?.raw ?? assert.fail();
    socket.destroy();
    const trustDomain = TrustDomain.parse(deployment.trustDomain);
    const bundle = SpiffeBundle.parse(trustDomain, (await ask()).body);
    const svid = verifyX509Svid([leaf], X509BundleSet.of(bundle.x509));
    assert.equal(svid.id.toString(), `spiffe://${deployment.trustDomain}/spire/server`);
  });

  it('keeps to the intermediate settings of TLS (FED-5-c)', async () => {
    const modern: ConnectionOptions[] = [
      { minVersion: 'TLSv1.3' },
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' },
    ];
    for (const options of modern) (await handshake(options)).destroy();
    const old: ConnectionOptions[] = [
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0' },
      { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:@SECLEVEL=0' },
    ];
    for (const options of old) await assert.rejects(handshake(options));
  });

  it('goes on counting after a restart (TDB-4.1.1-b)', async () => {
    const { spiffe_sequence: before } = await document();
    await server.stop('SIGKILL');
    server = await deployment.startServer({ config: federation() });
    await authority('jwt', 'prepare');
    assert.ok((await document()).spiffe_sequence > before);
  });
});
