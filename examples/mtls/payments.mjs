// The client: calls orders ten times a second over one connection that it keeps open, whatever rotates meanwhile.
import https from 'node:https';
import { authorizeId } from '@credence/sdk';
import { SpiffeAgent } from '@credence/sdk/tls';
import { setTimeout as sleep } from 'node:timers/promises';
import { openIdentity, report, serial } from './identity.mjs';

const source = await openIdentity('payments');
report({ id: String(source.getX509Svid().id), serial: serial(source.getX509Svid()) });
source.on('update', () => report({ rotated: serial(source.getX509Svid()) }));

const authorize = authorizeId('spiffe://example.org/orders');
const agent = new SpiffeAgent({ svid: source, bundles: source, authorize, keepAlive: true, maxSockets: 1 });

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
    https
      .get({ host: '127.0.0.1', port: process.env.ORDERS_PORT, agent }, async (response) => {
        const chunks = await response.toArray();
        resolve(JSON.parse(Buffer.concat(chunks).toString()));
      })
      .on('error', reject);
  });
}
