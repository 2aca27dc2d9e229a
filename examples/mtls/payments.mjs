// The client: calls orders ten times a second, and beside that keeps one connection open, whatever rotates meanwhile.
import https from 'node:https';
import { authorizeId } from '@credence/sdk';
import { SpiffeAgent } from '@credence/sdk/tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { openIdentity, report, serial } from './identity.mjs';

const source = await openIdentity('payments');
report({ id: String(source.getX509Svid().id), serial: serial(source.getX509Svid()) });
source.on('update', () => report({ rotated: serial(source.getX509Svid()) }));

const authorize = authorizeId('spiffe://example.org/orders');
const agent = new SpiffeAgent({ svid: source, bundles: source, authorize }, { keepAlive: true });
const get = (path, onResponse) =>
  https.get({ host: '127.0.0.1', port: process.env.ORDERS_PORT, path, agent }, onResponse);

void listen();
for (;;) {
  try {
    report({ answer: await call() });
  } catch (error) {
    report({ failed: error.message });
  }
  await sleep(100);
}

function call() {
  return new Promise((resolve, reject) => {
    get('/', async (response) => resolve(Buffer.concat(await response.toArray()).toString())).on('error', reject);
  });
}

function listen() {
  get('/ticks', (response) => response.on('data', () => report({ tick: true })).on('error', lost)).on('error', lost);
}

function lost(error) {
  report({ connectionLost: error.message });
  listen();
}
