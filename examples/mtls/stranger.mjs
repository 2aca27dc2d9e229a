// A caller with a good identity that orders does not let in.
import https from 'node:https';
import { authorizeId } from '@credence/sdk';
import { SpiffeAgent } from '@credence/sdk/tls';
import { openIdentity, report } from './identity.mjs';

const source = await openIdentity('stranger');
report({ id: String(source.getX509Svid().id) });
const agent = new SpiffeAgent({ svid: source, bundles: source, authorize: authorizeId('spiffe://example.org/orders') });
https
  .get({ host: '127.0.0.1', port: process.env.ORDERS_PORT, agent }, (response) => {
    report({ answer: response.statusCode });
    response.resume();
  })
  .on('error', (error) => report({ failed: error.message }))
  .on('close', () => source.close());
