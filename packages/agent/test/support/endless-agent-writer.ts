// A process that stores new SVIDs and bundles of an agent in the folder it is given, again and again, until it is killed.
import { TrustDomain } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import { parseAgentSvid } from '../../dist/domain/agent-svid.js';
import { rootBundle } from '../../dist/domain/root-bundle.js';
import { DiskAgentStore } from '../../dist/storage/disk-agent-store.js';

const [, , directory = ''] = process.argv;
const trustDomain = TrustDomain.parse('example.org');
const [ca, next] = [await TestCa.create(trustDomain), await TestCa.create(trustDomain)];
const credentials = await Promise.all(Array.from({ length: 4 }, () => ca.credential('/spire/agent/join_token/t')));
const bundles = [[ca], [ca, next]].map((authorities) =>
  rootBundle(
    trustDomain,
    authorities.map(({ certificate }) => certificate.raw),
  ),
);
const store = new DiskAgentStore({ directory, trustDomain });
await store.load();
for (let round = 0; ; round++) {
  for (const bundle of bundles) await store.storeBundle(bundle);
  for (const { chain, privateKey } of credentials) await store.storeSvid(parseAgentSvid(chain, privateKey, true));
  if (round === 0) process.stdout.write('written\n');
}
