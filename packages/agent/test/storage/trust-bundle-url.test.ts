import assert from 'node:assert/strict';
import { createServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { SpiffeBundle, TrustDomain } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import type { TrustBundleUrl } from '../../dist/settings.js';
import { fetchTrustBundle } from '../../dist/storage/trust-bundle-url.js';
import { temporaryDirectory } from '../../../sdk/dist-test/support/temporary-directory.js';

const trustDomain = TrustDomain.parse('example.org');
const never = new AbortController().signal;
const attempt = {
  mode: 'rebootstrap',
  attempts: 3,
  begun: new Date('2030-01-01T00:00:00Z'),
  serverAddress: 'server.test',
  serverPort: 8081,
} as const;

describe('trust bundle from a URL', () => {
  let ca: TestCa;
  let server: Server;
  let answer: RequestListener;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let socket: string;

  before(async () => {
    ca = await TestCa.create(trustDomain);
  });

  beforeEach(async () => {
    directory = await temporaryDirectory();
    socket = join(directory.path, 'http.sock');
    answer = (_, response) => response.end(ca.bundle().toPem());
    server = createServer((request, response) => {
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await directory[Symbol.asyncDispose]();
  });

  const fetch = (given: Partial<TrustBundleUrl> = {}, signal = never): ReturnType<typeof fetchTrustBundle> => {
    const source = {
      kind: 'url',
      url: 'http://localhost/bundle',
      unixSocket: socket,
      format: 'pem',
      ...given,
    } as const;
    return fetchTrustBundle(source, trustDomain, attempt, signal);
  };

  it('comes from a Unix socket, which is told of the attempt', async () => {
    let asked: string | undefined;
    answer = (request, response) => {
      asked = request.url;
      response.end(ca.bundle().toPem());
    };
    const { x509Authorities } = await fetch({ url: 'http://localhost/bundle?tenant=1' });
    assert.deepEqual(
      x509Authorities.map(({ certificate }) => certificate),
      [ca.certificate.raw],
    );
    const { pathname, searchParams } = new URL(asked ?? '', 'http://localhost');
    assert.equal(pathname, '/bundle');
    assert.deepEqual(Object.fromEntries(searchParams), {
      tenant: '1',
      'spire-attest-mode': 'rebootstrap',
      'spire-connection-attempts': '3',
      'spire-attest-start-time': '2030-01-01T00:00:00.000Z',
      'spire-server-address': 'server.test',
      'spire-server-port': '8081',
      'spiffe-trust-domain': 'example.org',
    });
  });

  it('is read as a SPIFFE bundle where the format says so', async () => {
    answer = (_, response) => response.end(SpiffeBundle.of({ trustDomain, x509: ca.bundle() }).toJson());
    assert.equal((await fetch({ format: 'spiffe' })).x509Authorities.length, 1);
    await assert.rejects(fetch({ format: 'pem' }), { code: 'ERR_SERVER_UNREACHABLE' });
  });

  const bad: readonly { name: string; answer: RequestListener; message: RegExp }[] = [
    {
      name: 'another status',
      answer: (_, response) => response.writeHead(404).end(),
      message:
        /^the trust bundle of http:\/\/localhost\/bundle cannot be used: the answer has status 404; 200 is accepted$/,
    },
    {
      name: 'a redirect, which is not followed',
      answer: (_, response) => response.writeHead(302, { location: 'http://localhost/other' }).end(),
      message: /status 302/,
    },
    { name: 'nothing', answer: (_, response) => response.end(), message: /cannot be used/ },
    { name: 'no certificates', answer: (_, response) => response.end('hello'), message: /cannot be used/ },
    {
      name: 'more than 4 MiB',
      answer: (_, response) => response.end(Buffer.alloc(5 * 1024 * 1024)),
      message: /larger than 4194304 bytes/,
    },
    { name: 'half an answer', answer: (_, response) => response.destroy(), message: /cannot be used/ },
  ];
  for (const { name, answer: wrong, message } of bad) {
    it(`is to be asked for again after ${name}`, async () => {
      answer = wrong;
      await assert.rejects(fetch(), { code: 'ERR_SERVER_UNREACHABLE', message });
    });
  }

  it('ends with the signal', async () => {
    const stop = new AbortController();
    answer = () => {
      stop.abort(new Error('enough'));
    };
    await assert.rejects(fetch({}, stop.signal), /enough/);
  });

  it('is not taken over HTTPS from a server that no authority of the web vouches for', async () => {
    const { createServer: createTlsServer } = await import('node:https');
    const { certificate, privateKey } = await selfSigned(ca);
    const web = createTlsServer({ cert: certificate, key: privateKey }, (_, response) => {
      response.end(ca.bundle().toPem());
    });
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = web.address() as { port: number };
      const url = `https://localhost:${port}/bundle`;
      await assert.rejects(fetch({ url, unixSocket: undefined }), {
        code: 'ERR_SERVER_UNREACHABLE',
        message: /unable to verify|self-signed/,
      });
      process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'; // says otherwise, and is not heard
      await assert.rejects(fetch({ url, unixSocket: undefined }), { message: /unable to verify|self-signed/ });
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      web.close();
    }
  });
});

async function selfSigned(ca: TestCa): Promise<{ certificate: string; privateKey: string }> {
  const svid = await ca.x509Svid('/web');
  return { certificate: svid.certChainPem(), privateKey: svid.privateKeyPem() };
}
