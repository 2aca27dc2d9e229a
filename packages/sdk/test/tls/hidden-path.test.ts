import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type Server, type TLSSocket } from 'node:tls';
import { authorizeAny, X509Bundle, type X509Svid } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { createServer } from '@credence/sdk/tls';
import { answered, close, greet, listening } from './loopback.js';

// On every Node; some hide the intermediate from the server.
describe('a client with an intermediate', () => {
  let a: TestCa;
  let b: TestCa;
  let otherB: TestCa;
  let source: StaticX509Source;
  let svid: X509Svid;
  let server: Server;
  let port: number;
  let socket: TLSSocket | undefined;

  before(async () => {
    [a, b, otherB] = await Promise.all([TestCa.create('a.test'), TestCa.create('b.test'), TestCa.create('b.test')]);
    svid = await (await b.childCa()).x509Svid('/client');
  });
  beforeEach(async () => {
    source = new StaticX509Source(await a.x509Svid('/server'), [a.bundle(), b.bundle()]);
    const options = { svid: source, bundles: source, authorize: authorizeAny() };
    ({ server, port } = await listening(createServer(options, greet)));
  });
  afterEach(async () => {
    await close(server, ...(socket === undefined ? [] : [socket]));
  });

  const both = (): X509Bundle => X509Bundle.fromCertificates(b.trustDomain, [b.certificate, otherB.certificate]);
  /** A connection whose handshake the server has begun. */
  const begin = async (): Promise<Socket> => {
    const tcp = connectTcp(port, '127.0.0.1');
    await once(server, 'connection');
    return tcp;
  };
  const shake = async (tcp: Socket): Promise<string> => {
    const credentials = { cert: svid.certChainPem(), key: svid.privateKeyPem() };
    socket = connect({ socket: tcp, ...credentials, rejectUnauthorized: false }).on('error', () => undefined);
    return answered(socket);
  };

  it('stays connected when an authority joins its bundle', async () => {
    assert.equal(await shake(await begin()), 'hello');
    source.update({ bundles: [a.bundle(), both()] });
    socket?.write('still here');
    assert.equal(await answered(socket!), 'still here');
  });

  it('is disconnected when its authority leaves the bundle', async () => {
    assert.equal(await shake(await begin()), 'hello');
    const closed = once(socket!, 'close');
    source.update({ bundles: [a.bundle(), otherB.bundle()] });
    await closed;
  });

  it('is let in when its handshake began before an update that removed nothing', async () => {
    const tcp = await begin();
    source.update({ svid: await a.x509Svid('/server'), bundles: [a.bundle(), both()] });
    assert.equal(await shake(tcp), 'hello');
  });

  it('is refused when its authority leaves the bundle during the handshake', async () => {
    assert.equal(await shake(await begin()), 'hello');
    socket?.destroy();
    const tcp = await begin();
    source.update({ bundles: [a.bundle(), otherB.bundle()] });
    await assert.rejects(shake(tcp));
  });

  it('is disconnected when its authority leaves, whatever joined during its handshake', async () => {
    const tcp = await begin();
    source.update({ bundles: [a.bundle(), both()] });
    assert.equal(await shake(tcp), 'hello');
    const closed = once(socket!, 'close');
    source.update({ bundles: [a.bundle(), otherB.bundle()] });
    await closed;
  });
});
