// A JWT-SVID in place of a client certificate: for callers behind a proxy that ends TLS. The service still proves itself
// by its X.509-SVID, so that no token is sent to anybody else.
import { once } from 'node:events';
import { JwtSource, X509Source, authorizeId } from '@credence/sdk';
import { requireJwtSvid, withJwtSvid } from '@credence/sdk/http';
import { createHttpsServer, spiffeConnector } from '@credence/sdk/tls';
import { Agent } from 'undici';

const audience = 'spiffe://example.org/greeter';
const x509 = await X509Source.create({ hint: 'greeter', timeoutMs: 10_000 });
const jwt = await JwtSource.create({ timeoutMs: 10_000 });

// The service: it asks for no certificate, and for a token that is meant for it.
const requireCaller = requireJwtSvid({
  bundles: jwt,
  audience,
  authorize: authorizeId('spiffe://example.org/caller'),
  onRefusal: ({ status, error }) => console.log('refused:', status, error.message),
});
const server = createHttpsServer({ svid: x509, clientAuthentication: 'none' }, (request, response) => {
  requireCaller(request, response, () => response.end(`hello ${request.spiffe.id}`));
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `https://127.0.0.1:${server.address().port}/`;

// Its client: a token from the Workload API for every request, renewed in time.
const connect = spiffeConnector({ bundles: x509, authorize: authorizeId(audience) });
const dispatcher = new Agent({ connect });
const fetchAsCaller = withJwtSvid(fetch, jwt, { audience, subject: 'spiffe://example.org/caller' });
const response = await fetchAsCaller(url, { dispatcher });
console.log('greeter answered:', response.status, await response.text());

// A token for somebody else is refused, and so is a request without one.
const fetchForBank = withJwtSvid(fetch, jwt, {
  audience: 'spiffe://example.org/bank',
  subject: 'spiffe://example.org/caller',
});
for (const send of [fetchForBank, fetch]) {
  const refused = await send(url, { dispatcher });
  console.log('greeter answered:', refused.status, refused.headers.get('www-authenticate'));
}

await dispatcher.close();
server.close();
await Promise.all([x509.close(), jwt.close()]);
