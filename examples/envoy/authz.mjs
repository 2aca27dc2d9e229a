// Decides for Envoy who may do what (ext_authz over HTTP). PORT says where it listens, on loopback.
import { createServer } from 'node:http';
import { authorizeId, authorizeMemberOf } from '@credence/sdk';
import { callerOf } from './caller.mjs';

const rules = new Map([
  ['GET /orders', authorizeMemberOf('example.org')],
  ['POST /orders', authorizeId('spiffe://example.org/web')],
]);

createServer((request, response) => {
  const caller = callerOf(request);
  const authorize = rules.get(`${request.method} ${request.url.split('?')[0]}`);
  // What no rule names is refused.
  const denial = caller && authorize ? authorize(caller) : new Error('no rule, or no caller');
  if (denial) response.writeHead(403).end(`${denial.message}\n`);
  else response.writeHead(200, { 'x-caller': caller.toString() }).end();
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('{"listening":true}'));
