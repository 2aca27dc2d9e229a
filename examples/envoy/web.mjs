// A service that knows plain HTTP only, and asks api for its answer: through its Envoy, on loopback. PORT says on which
// port it listens, API where its Envoy does.
import { createServer } from 'node:http';

createServer(async (request, response) => {
  try {
    const answer = await fetch(process.env.API);
    response.writeHead(answer.ok ? 200 : 502).end(`api says: ${await answer.text()}`);
  } catch (error) {
    response.writeHead(502).end(`no answer: ${error.message}`);
  }
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('{"listening":true}'));
