// The attack that federation invites: the authority of a trust domain that we federate with issues an ID of ours. OpenSSL
// alone would believe it, because it knows one list of authorities; we must not.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { connect as connectPlain, createServer as createPlain } from 'node:tls';
import { createServer as createPlainHttps } from 'node:https';
import { authorizeAny, authorizeId } from '@credence/sdk';
import { StaticX509Source, TestCa, type TestCredential } from '@credence/sdk/testing';
import { connect, createHttpsServer, peerOf, SpiffeAgent } from '@credence/sdk/tls';
import {
  listening,
  loopback,
  pem,
  presentToClient,
  presentToServer,
  text,
  type Verifier,
} from '../support/tls-peer.js';

const adminId = 'spiffe://ours.test/admin';

describe('an ID of ours issued by the authority of a federated trust domain', () => {
  let ours: TestCa;
  let federated: TestCa;
  let verifier: Verifier;
  const forged: { readonly how: string; readonly credential: TestCredential }[] = [];
  let real: TestCredential;

  before(async () => {
    [ours, federated] = await Promise.all([TestCa.create('ours.test'), TestCa.create('federated.test')]);
    const source = new StaticX509Source(await ours.x509Svid('/service'), [ours.bundle(), federated.bundle()]);
    verifier = { svid: source, bundles: source, authorize: authorizeId(adminId) };
    real = await ours.credential(adminId);
    const intermediate = await federated.childCa();
    const disguised = await federated.childCa({ trustDomain: 'ours.test' });
    forged.push(
      { how: 'by its root', credential: await federated.credential(adminId) },
      { how: 'by its intermediate', credential: await intermediate.credential(adminId) },
      { how: 'by its intermediate that claims our trust domain', credential: await disguised.credential(adminId) },
    );
  });

  it('is what plain TLS with the roots of both would believe (the control)', async () => {
    const ca = [ours.bundle().toPem(), federated.bundle().toPem()];
    const own = await ours.credential('/service');
    const server = await listening(
      createPlain({ ...pem(own), ca, requestCert: true, rejectUnauthorized: true }, (socket) => {
        socket.end(socket.getPeerCertificate().subjectaltname ?? 'none');
      }),
    );
    const socket = connectPlain({ ...loopback(server), ...pem(forged[0]?.credential), rejectUnauthorized: false });
    assert.equal(await text(socket), `URI:${adminId}`);
    server.close();
  });

  it('is refused by our TLS server, while the real one is served', async () => {
    assert.equal(await presentToServer(real, verifier), adminId);
    for (const { how, credential } of forged) await assert.rejects(presentToServer(credential, verifier), how);
  });

  it('is refused by our TLS client, while the real one is accepted', async () => {
    assert.equal(await presentToClient(real, verifier), adminId);
    for (const { how, credential } of forged) {
      await assert.rejects(presentToClient(credential, verifier), { code: 'ERR_SPIFFE_VERIFY' }, how);
    }
  });

  it('is refused whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      assert.equal(await presentToServer(real, verifier), adminId);
      assert.equal(await presentToClient(real, verifier), adminId);
      for (const { credential } of forged) {
        await assert.rejects(presentToServer(credential, verifier));
        await assert.rejects(presentToClient(credential, verifier));
      }
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  it('gets no request to an HTTPS handler, however early it is sent', async () => {
    const served: (string | undefined)[] = [];
    const server = await listening(
      createHttpsServer(verifier, (req, res) => {
        served.push(peerOf(req)?.id.toString());
        res.end('secret');
      }),
    );
    // Two requests on a kept-alive connection, written before the handshake, so that they travel with its last flight.
    const pipelined = 'GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const send = async (credential: TestCredential): Promise<string> => {
      const socket = connectPlain({ ...loopback(server), ...pem(credential), rejectUnauthorized: false });
      socket.write(pipelined);
      return text(socket);
    };
    assert.match(await send(real), /secret[^]*secret/);
    assert.deepEqual(served.splice(0), [adminId, adminId]);
    for (let i = 0; i < 100; i++) await assert.rejects(send(forged[i % forged.length]!.credential));
    const other = await ours.credential('/not-admin');
    for (let i = 0; i < 100; i++) await assert.rejects(send(other));
    assert.deepEqual(served, []);
    server.close();
  });

  it('gets no request from our HTTPS agent', async () => {
    const agent = new SpiffeAgent(verifier);
    const get = async (credential: TestCredential): Promise<number | undefined> => {
      const seen: Buffer[] = [];
      const server = await listening(
        createPlainHttps({ ...pem(credential) }, (_req, res) => {
          res.end();
        }),
      );
      server.on('secureConnection', (socket) =>
        socket.on('error', () => undefined).on('data', (data: Buffer) => seen.push(data)),
      );
      try {
        const call = request({ ...loopback(server), agent, method: 'POST' });
        call.end('secret');
        const [response] = (await once(call, 'response')) as [{ statusCode?: number; resume(): void }];
        response.resume();
        return response.statusCode;
      } catch (error) {
        assert.deepEqual(seen, []);
        throw error;
      } finally {
        server.closeAllConnections();
        server.close();
      }
    };
    assert.equal(await get(real), 200);
    for (const { credential } of forged) await assert.rejects(get(credential), /no authority of its trust domain/);
    agent.destroy();
  });

  it('is never accepted from a trust domain without a bundle', async () => {
    const stranger = await TestCa.create('stranger.test');
    const any = { ...verifier, authorize: authorizeAny() };
    await assert.rejects(presentToServer(await stranger.credential('/x'), any));
    await assert.rejects(presentToClient(await stranger.credential('/x'), any));
    assert.equal(await presentToClient(await federated.credential('/x'), any), 'spiffe://federated.test/x');
  });

  it('leaves the client with the ID that it asked for', async () => {
    const server = await listening(createPlain(pem(real), (socket) => socket.on('error', () => undefined)));
    const socket = await connect({ ...verifier, ...loopback(server) });
    assert.equal(peerOf(socket)?.id.toString(), adminId);
    socket.destroy();
    server.close();
  });
});
