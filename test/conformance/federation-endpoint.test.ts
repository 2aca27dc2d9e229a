// A bundle endpoint of ours, from outside: the attack vectors and rows that bind a publisher.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { TrustDomain } from '@credence/sdk';
import { SpiffeBundleSet, verifyX509Svid, X509BundleSet, type SpiffeBundle } from '@credence/sdk';
import { bundleHandler, fetchBundle, intermediateTls } from '@credence/sdk/federation';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { createHttpsServer } from '@credence/sdk/tls';

const trustDomain = 'example.test';
const endpointId = 'spiffe://example.test/bundle-endpoint';

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

describe('bundle endpoint (SPIFFE Federation §5.2)', () => {
  let ca: TestCa;
  let server: Server;
  let current: SpiffeBundle | undefined;

  before(async () => {
    ca = await TestCa.create(trustDomain);
    const svid = new StaticX509Source(await ca.x509Svid(endpointId), [ca.bundle()]);
    const source = {
      getSpiffeBundleForTrustDomain: (asked: TrustDomain) =>
        SpiffeBundleSet.of(...(current === undefined ? [] : [current])).getSpiffeBundleForTrustDomain(asked),
    };
    const handler = bundleHandler(trustDomain, source, { path: '/' });
    server = createHttpsServer({ svid, clientAuthentication: 'none', base: intermediateTls }, handler);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  beforeEach(() => {
    current = ca.spiffeBundle({ sequenceNumber: 1n, refreshHintMs: 300_000 });
  });
  after(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  const port = (): number => (server.address() as AddressInfo).port;
  const ask = (method = 'GET', path = '/'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      request(
        { host: '127.0.0.1', port: port(), path, method, agent: false, rejectUnauthorized: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
          });
        },
      )
        .on('error', reject)
        .end();
    });

  it('FV-21, FED-4-a, FED-5-b, FED-5.2.1.3-c, FED-5.2.2.3-b answers GET with the bundle to a client without any credentials', async () => {
    const { status, body } = await ask();
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body.toString()), JSON.parse(current!.toJson()));
  });

  it('FV-21 asks for no certificate, so that a client that has one does not show it', async () => {
    const own = await ca.x509Svid('/client');
    const [cert, key] = [own.certChainPem(), own.privateKeyPem()];
    const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
    const client = connect({ host: '127.0.0.1', port: port(), cert, key, rejectUnauthorized: false });
    const [socket] = await accepted;
    assert.deepEqual(Object.keys(socket.getPeerCertificate()), []);
    client.destroy();
  });

  it('FED-5.2.1.3-e, FED-5.2.1.3-f, FED-5.2.2.3-d, FED-5.2.2.3-e answers in UTF-8, as application/json', async () => {
    const { headers, body } = await ask();
    assert.equal(headers['content-type'], 'application/json');
    assert.equal(Buffer.from(new TextDecoder('utf-8', { fatal: true }).decode(body)).length, body.length);
  });

  it('answers HEAD with the headers of GET', async () => {
    const [get, head] = [await ask('GET'), await ask('HEAD')];
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    assert.equal(head.headers['content-length'], get.headers['content-length']);
  });

  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    it(`FV-22, FED-4-a answers ${method} with 405 and says what it takes`, async () => {
      const { status, headers } = await ask(method);
      assert.equal(status, 405);
      assert.equal(headers['allow'], 'GET, HEAD');
    });
  }

  for (const path of ['/bundle', '//', '/..', '/index.html']) {
    it(`FV-22 answers the path ${path} with 404`, async () => {
      assert.equal((await ask('GET', '/?query')).status, 200);
      assert.equal((await ask('GET', path)).status, 404);
    });
  }

  it('FV-23, FED-5.2.1.3-d, FED-5.2.2.3-c answers with the newest bundle at once, and lets nobody keep it', async () => {
    const before = await ask();
    assert.equal(before.headers['etag'], undefined);
    assert.equal(before.headers['cache-control'], 'no-store');
    const other = await TestCa.create(trustDomain);
    current = other.spiffeBundle({ sequenceNumber: 2n });
    const { body } = await ask();
    assert.equal(body.toString(), current.toJson());
  });

  it('answers 500 without a word of why when there is no bundle', async () => {
    current = undefined;
    const { status, body } = await ask();
    assert.equal(status, 500);
    assert.equal(body.toString(), 'no bundle\n');
  });

  it('FED-5.2.2.3-a shows an X.509-SVID, and nothing else, by https_spiffe', async () => {
    const bundles = X509BundleSet.of(ca.bundle());
    const url = `https://127.0.0.1:${port()}/`;
    const fetched = await fetchBundle(trustDomain, url, { profile: 'https_spiffe', endpointId, bundles });
    assert.ok(fetched.equals(current!));
    const socket = connect({ host: '127.0.0.1', port: port(), rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    const leaf = socket.getPeerCertificate(true).raw;
    socket.destroy();
    assert.equal(verifyX509Svid([leaf], bundles).id.toString(), endpointId);
  });

  describe('FV-20, FED-5-c intermediate TLS settings', () => {
    const weak = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const refused: [what: string, options: ConnectionOptions][] = [
      ['TLS 1.0 and 1.1', weak],
      ['RC4', { maxVersion: 'TLSv1.2', ciphers: 'RC4-SHA:ECDHE-RSA-RC4-SHA@SECLEVEL=0' }],
      ['3DES', { maxVersion: 'TLSv1.2', ciphers: 'DES-CBC3-SHA:ECDHE-ECDSA-DES-CBC3-SHA@SECLEVEL=0' }],
      ['CBC', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA' }],
      ['no encryption', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-NULL-SHA:NULL@SECLEVEL=0' }],
    ];
    const accepted: [what: string, options: ConnectionOptions][] = [
      ['TLS 1.2 with AEAD', { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }],
      ['TLS 1.3', { minVersion: 'TLSv1.3' }],
    ];
    const handshake = async (options: ConnectionOptions): Promise<string | undefined> => {
      const socket = connect({ host: '127.0.0.1', port: port(), rejectUnauthorized: false, ...options });
      try {
        await once(socket, 'secureConnect');
        return socket.getCipher().name;
      } finally {
        socket.destroy();
      }
    };
    for (const [what, options] of accepted) {
      it(`FV-20, FED-5-c accepts ${what}`, async () => {
        assert.ok(await handshake(options));
      });
    }
    for (const [what, options] of refused) {
      it(`FV-20, FED-5-c refuses ${what}`, async () => {
        await assert.rejects(handshake(options));
      });
    }
  });
});
