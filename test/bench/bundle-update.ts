// What an update costs a program with a TLS server and a client: from the event until both use the new SVID and bundles,
// with 1, 10 and 100 trust domains; once with the bundles unchanged, as when an SVID is renewed, once with a new bundle.
import { authorizeAny, X509Bundle } from '@credence/sdk';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { createServer, mtlsClientOptions } from '@credence/sdk/tls';
import { printTable } from './measure/table.js';

const updates = 20;
const own = await TestCa.create('example.org');
const svids = [await own.x509Svid('/server'), await own.x509Svid('/server')];
const roots = await Promise.all(Array.from({ length: updates }, () => TestCa.create('example.org')));
const rotated = roots.map(({ certificate }) =>
  X509Bundle.fromCertificates(own.trustDomain, [own.certificate, certificate]),
);
const rows: [string, string][] = [];

for (const domains of [1, 10, 100]) {
  const others = await Promise.all(Array.from({ length: domains - 1 }, (_, i) => TestCa.create(`domain-${i}.test`)));
  const bundles = [own, ...others].map((ca) => ca.bundle());
  const source = new StaticX509Source(svids[0]!, bundles);
  const options = { svid: source, bundles: source, authorize: authorizeAny() };
  const server = createServer(options).listen(0, '127.0.0.1');
  const measured = {
    'SVID renewed': (i: number) => ({ svid: svids[i % 2]!, bundles: bundles.map(copy) }),
    'a bundle changed': (i: number) => ({
      bundles: [rotated[i]!, ...bundles.slice(1).map(copy)],
    }),
  };
  for (const [what, updateOf] of Object.entries(measured)) {
    const times: number[] = [];
    for (let i = 0; i < updates; i++) {
      const update = updateOf(i);
      const start = performance.now();
      source.update(update);
      mtlsClientOptions(options);
      times.push(performance.now() - start);
    }
    times.sort((x, y) => x - y);
    rows.push([`${domains} trust domains, ${what}`, `${times[updates / 2]!.toFixed(1)} ms`]);
  }
  server.close();
}
printTable('an update of the sources, server and client, median', rows);
process.exit();

/** As an update from a Workload API brings it: equal, but not the same object. */
function copy(bundle: X509Bundle): X509Bundle {
  return X509Bundle.fromCertificates(bundle.trustDomain, bundle.authorities);
}
