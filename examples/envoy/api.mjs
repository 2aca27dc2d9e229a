// A service that knows plain HTTP only. It listens on loopback, where its Envoy forwards to; PORT says on which port.
import { createServer } from 'node:http';
import { callerOf } from './caller.mjs';

createServer((request, response) => {
  response.end(`hello ${callerOf(request)}`);
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('{"listening":true}'));
