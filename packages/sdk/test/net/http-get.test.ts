import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { httpGet, type HttpGetOptions, type HttpResponse } from '@credence/sdk/net';
import { TestCa } from '@credence/sdk/testing';
import { Certificate } from '@credence/sdk';

const maxBytes = 16;

describe('httpGet', () => {
  const servers: Server[] = [];
  const urls: Record<string, URL> = {};
  let root: string;
  let answer: RequestListener;
  let requests: number;
  let connections: number;

  before(async () => {
    const ca = await TestCa.create('web.invalid', { uris: [] });
    const { chain, privateKey } = await ca.credential('/server', { uris: [], dnsNames: ['localhost'] });
    root = ca.certificate.toPem();
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const cert = chain.map((der) => Certificate.parse(der).toPem()).join('');
    const listener: RequestListener = (request, response) => {
      requests++;
      answer(request, response);
    };
    servers.push(createServer(listener), createTlsServer({ key, cert }, listener));
    for (const [index, scheme] of ['http', 'https'].entries()) {
      const server = servers[index]!.on('connection', () => connections++);
      await once(server.listen(0, '127.0.0.1'), 'listening');
      urls[scheme] = new URL(`${scheme}://localhost:${(server.address() as AddressInfo).port}/path?query=1`);
    }
  });

  beforeEach(() => {
    [requests, connections] = [0, 0];
    answer = (_, response) => response.writeHead(200, { 'x-answer': 'a' }).end('a body');
  });

  after(async () => {
    for (const server of servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  const get = (url: URL | string, options: Partial<HttpGetOptions> = {}): Promise<HttpResponse> =>
    httpGet(new URL(url), {
      tls: { ca: root },
      headers: {},
      maxBytes,
      signal: new AbortController().signal,
      ...options,
    });

  for (const scheme of ['http', 'https']) {
    describe(`over ${scheme}`, () => {
      let url: URL;
      before(() => {
        url = urls[scheme]!;
      });

      it('sends the headers, one GET of the path and the query, and gives the answer with its headers', async () => {
        let sent: unknown;
        answer = ({ method, url: path, headers, socket }, response) => {
          sent = { method, path, headers, isTls: socket instanceof TLSSocket };
          response.writeHead(200, { 'x-answer': 'a' }).end('a body');
        };
        const { status, headers, body } = await get(url, { headers: { authorization: 'Basic eA==', accept: '*/*' } });
        assert.deepEqual([status, headers['x-answer'], body.toString()], [200, 'a', 'a body']);
        assert.deepEqual(sent, {
          method: 'GET',
          path: '/path?query=1',
          headers: {
            'accept-encoding': 'identity',
            authorization: 'Basic eA==',
            accept: '*/*',
            host: url.host,
            connection: 'close',
          },
          isTls: scheme === 'https',
        });
      });

      it('uses a connection once', async () => {
        await get(url);
        await get(url);
        assert.deepEqual([requests, connections], [2, 2]);
      });

      for (const status of [206, 307, 401, 404, 500]) {
        it(`reads no body of status ${status}, and follows nothing`, async () => {
          let hungUp: Promise<unknown> = Promise.resolve();
          answer = (_, response) => {
            hungUp = once(response, 'close');
            response.writeHead(status, { location: url.href, 'www-authenticate': 'Basic' });
            // And never ends.
            response.write('x'.repeat(maxBytes + 1));
          };
          const response = await get(url);
          assert.deepEqual([response.status, response.body.length, requests], [status, 0, 1]);
          assert.equal(response.headers['www-authenticate'], 'Basic');
          await hungUp;
        });
      }

      it('reads a body up to its limit, and hangs up at the first byte more', async () => {
        answer = (_, response) => response.writeHead(200).end('x'.repeat(maxBytes));
        assert.equal((await get(url)).body.length, maxBytes);
        let hungUp: Promise<unknown> = Promise.resolve();
        answer = (_, response) => {
          hungUp = once(response, 'close');
          response.writeHead(200).write('x'.repeat(maxBytes + 1));
        };
        await assert.rejects(get(url), { message: 'the body is larger than 16 bytes' });
        await hungUp;
      });

      it('takes no body for whole that ended early', async () => {
        answer = (_, response) => {
          response.writeHead(200, { 'content-length': 8 }).write('half');
          response.socket?.end();
        };
        await assert.rejects(get(url), { code: 'ECONNRESET' });
      });

      it('takes an answer that ends HTTP for none', async () => {
        answer = (_, response) =>
          response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n');
        await assert.rejects(get(urls[scheme]!), /^Error: the connection ended without an answer$/);
      });

      it('connects to no address that the caller refuses, of a name or written as one', async () => {
        const asked: string[] = [];
        const refuseAddress = (address: string): string => {
          asked.push(address);
          return 'not this machine';
        };
        assert.equal((await get(url, { refuseAddress: () => undefined })).status, 200);
        connections = 0;
        const message = /^localhost has an address that is refused: not this machine$/;
        await assert.rejects(get(url, { refuseAddress }), { message });
        const literal = url.href.replace('localhost', '127.0.0.1');
        await assert.rejects(get(literal, { refuseAddress }), { message: 'the address is refused: not this machine' });
        assert.equal(asked.at(-1), '127.0.0.1');
        assert.equal(connections, 0);
      });

      for (const host of ['169.254.169.254', '0xa9fea9fe', '0.0.0.0', '[fe80::1]', '[::ffff:a9fe:a9fe]', '[::]']) {
        it(`connects never to ${host}`, async () => {
          const literal = `${scheme}://${host}:${url.port}/`;
          await assert.rejects(get(literal, { refuseAddress: () => undefined }), /^Error: the address is refused: /);
          assert.equal(connections, 0);
        });
      }

      it("rejects with the signal's reason: before it asks, before the answer and within its body", async () => {
        const reason = new Error('no longer needed');
        await assert.rejects(get(url, { signal: AbortSignal.abort(reason) }), reason);
        assert.equal(requests, 0);
        for (const begin of [false, true]) {
          const end = new AbortController();
          const asked = new Promise<void>((resolve) => {
            answer = (_, response) => {
              if (begin) response.writeHead(200).write('x');
              resolve();
            };
          });
          const getting = assert.rejects(get(url, { signal: end.signal }), reason);
          await asked;
          end.abort(reason);
          await getting;
        }
      });
    });
  }

  it('gives the answer to nobody whom the certificate is not of, or whose root is unknown', async () => {
    const url = urls['https']!;
    await assert.rejects(get(url, { tls: {} }), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
    await assert.rejects(get(url.href.replace('localhost', '127.0.0.1')), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    assert.equal(requests, 0);
  });
});
