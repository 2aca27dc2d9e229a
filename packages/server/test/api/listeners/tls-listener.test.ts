import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { connect, type ConnectionOptions } from 'node:tls';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import { SpiffeId, TrustDomain, X509BundleSet, type X509Svid } from '@credence/sdk';
import { silentLogger, systemClock, systemRandom } from '@credence/sdk/runtime';
import { TestCa } from '@credence/sdk/testing';
import { entryApi } from '@credence/sdk/wire';
import { Authorizer } from '../../../dist/api/authorizer.js';
import { unobserved } from '../../../dist/api/observer.js';
import { Admissions } from '../../../dist/api/call.js';
import { Connections } from '../../../dist/api/connections.js';
import { createEntryService } from '../../../dist/api/entry/service.js';
import { listenTls, type TlsListener } from '../../../dist/api/listeners/tls-listener.js';
import { Pipeline } from '../../../dist/api/pipeline.js';
import type { Entries } from '../../../dist/registration/ports.js';
import { refusal } from '../support/refusal.js';
import { call } from '../support/test-server.js';

const trustDomain = TrustDomain.parse('example.org');
const foreignAdmin = SpiffeId.parse('spiffe://ops.example/admin');

describe('the TLS listener', () => {
  let own: TestCa;
  let foreign: TestCa;
  let listener: TlsListener;
  before(async () => {
    own = await TestCa.create('example.org');
    foreign = await TestCa.create('ops.example');
    const serverSvid = await own.x509Svid('/spire/server');
    const admissions = new Admissions();
    const surroundings = {
      clock: systemClock,
      random: systemRandom,
      observer: unobserved,
      log: silentLogger,
      admissions,
    };
    const entries = { count: () => Promise.resolve(7) } as unknown as Entries;
    const authorized = { forAgent: () => [], find: () => undefined };
    const pipeline = new Pipeline(surroundings);
    listener = await listenTls({
      ...surroundings,
      connections: new Connections(),
      authorizer: new Authorizer({
        clock: systemClock,
        adminIds: [foreignAdmin],
        grants: { isAdmin: (id) => id.path === '/admin', downstreamEntries: () => [] },
        agents: { get: () => Promise.resolve(undefined), promote: () => Promise.resolve() },
      }),
      services: [
        {
          definition: entryApi.definition,
          handlers: createEntryService({ trustDomain, entries, authorized }, pipeline),
        },
      ],
      trustDomain,
      adminIds: [foreignAdmin],
      svid: { getX509Svid: () => serverSvid },
      bundles: X509BundleSet.of(own.bundle(), foreign.bundle()),
      bindAddress: '127.0.0.1',
      bindPort: 0,
    });
  });
  after(() => listener[Symbol.asyncDispose]());

  const channel = (svid?: X509Svid): ChannelCredentials => {
    const ca = Buffer.from(own.bundle().toPem());
    const options = { checkServerIdentity: (): undefined => undefined };
    if (svid === undefined) return credentials.createSsl(ca, null, null, options);
    return credentials.createSsl(ca, Buffer.from(svid.privateKeyPem()), Buffer.from(svid.certChainPem()), options);
  };
  const count = async (svid?: X509Svid): Promise<number> => {
    const { address, port } = listener.address;
    const options = { 'grpc.use_local_subchannel_pool': 1 };
    const client = entryApi.createClient(`${address}:${port}`, channel(svid), options);
    try {
      return (await call(client, 'CountEntries', {})).count;
    } finally {
      client.close();
    }
  };

  it('lets an administrator of the own trust domain in', async () => {
    assert.equal(await count(await own.x509Svid('/admin')), 7);
  });

  it('lets a foreign administrator by configuration in', async () => {
    assert.equal(await count(await foreign.x509Svid('/admin')), 7);
  });

  it('lets a client without a certificate connect, and refuses its call', async () => {
    assert.match(await refusal(count()), /^PERMISSION_DENIED: authorization denied for method /);
  });

  it('refuses the call of a workload', async () => {
    assert.match(await refusal(count(await own.x509Svid('/web'))), /^PERMISSION_DENIED: /);
  });

  const refused: readonly [string, () => Promise<X509Svid>][] = [
    ['another member of the foreign trust domain', () => foreign.x509Svid('/other')],
    ['an ID of ours that the foreign trust domain forged', () => foreign.forgedSvid('spiffe://example.org/admin')],
    ['the foreign administrator, forged by us', () => own.forgedSvid(foreignAdmin)],
    ['an unknown trust domain', async () => (await TestCa.create('evil.example')).x509Svid('/admin')],
    ['our trust domain by an unknown authority', async () => (await TestCa.create('example.org')).x509Svid('/admin')],
    ['an expired SVID', () => own.x509Svid('/admin', { notAfter: new Date(Date.now() - 1000) })],
  ];
  for (const [name, svid] of refused) {
    it(`refuses the handshake of ${name} (X509-SVID §5)`, async () => {
      assert.match(await refusal(count(await svid())), /^UNAVAILABLE: /);
    });
  }

  const connected = async (options: ConnectionOptions): Promise<string> => {
    const { address, port } = listener.address;
    const ca = own.bundle().toPem();
    const socket = connect({ host: address, port, ca, checkServerIdentity: () => undefined, ...options });
    const outcome = await new Promise<string>((resolve) => {
      for (const event of ['error', 'close'])
        socket.once(event, () => {
          resolve('refused');
        });
      socket.once('data', () => {
        resolve('spoken to');
      });
    });
    socket.destroy();
    return outcome;
  };

  it('speaks HTTP/2 to those who ask for it (RFC 9113 §3.2), and to nobody else', async () => {
    assert.equal(await connected({ ALPNProtocols: ['h2'] }), 'spoken to');
    assert.equal(await connected({ ALPNProtocols: ['http/1.1'] }), 'refused');
    assert.equal(await connected({}), 'refused');
  });

  it('refuses TLS 1.1', async () => {
    const old = { ALPNProtocols: ['h2'], minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    assert.equal(await connected(old as ConnectionOptions), 'refused');
  });

  it('survives clients that speak no TLS', async () => {
    const { address, port } = listener.address;
    const socket = connectTcp(port, address);
    socket.on('error', () => undefined);
    socket.end('GET / HTTP/1.1\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    assert.equal(await count(await own.x509Svid('/admin')), 7);
  });
});
