import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { authorizeAny } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { createServer } from '@credence/sdk/tls';
import { close, greet, greeted, listening } from './loopback.js';

describe('mTLS server, a handshake that is not finished', () => {
  it('ends the connection in time, and serves others meanwhile', async () => {
    const ca = await TestCa.create('a.test');
    const source = new StaticX509Source(await ca.x509Svid('/w'), [ca.bundle()]);
    const options = { svid: source, bundles: source, authorize: authorizeAny(), base: { handshakeTimeout: 300 } };
    const { server, port } = await listening(createServer(options, greet));
    const beginnings = ['', '\x16\x03\x01\x02\x00'];
    const ended = beginnings.map((text) => {
      const socket: Socket = connect(port, '127.0.0.1').on('error', () => undefined);
      socket.write(text, 'latin1');
      return once(socket.resume(), 'close');
    });
    const served = await greeted(port, { svid: source, bundles: source, authorize: authorizeAny() });
    await Promise.all(ended);
    assert.ok(!served.destroyed);
    await close(server, served);
  });
});
