// A process that writes identities to the folder it is given, again and again, until it is killed.
import { SpiffeId } from '@credence/sdk';
import { parsePrivateKey } from '@credence/sdk/keys';
import { silentLogger, systemRandom } from '@credence/sdk/runtime';
import { parseAgentSvid } from '../../dist/domain/agent-svid.js';
import { DiskIdentityStore } from '../../dist/storage/disk-identity-store.js';
import { bundle, entry, svid } from './entries.js';

const [, , directory = '', chain = '', key = ''] = process.argv;
const agent = parseAgentSvid([Buffer.from(chain, 'base64')], parsePrivateKey(Buffer.from(key, 'base64')), false);
const store = new DiskIdentityStore({ directory, random: systemRandom, log: silentLogger });
const now = new Date('2030-01-01T00:00:00Z');
for (let round = 0; ; round++) {
  const identities = Array.from({ length: 200 }, (_, index) => ({
    entry: entry(`web-${index}`, { spiffeId: SpiffeId.parse(`spiffe://example.org/round/${round}`) }),
    held: { svid: svid(now, 3_600_000), rotateAt: now },
  }));
  await store.store(agent, { writtenAt: now, identities, bundle: bundle('example.org', 'root'), federatedBundles: [] });
  if (round === 0) process.stdout.write('written\n');
}
