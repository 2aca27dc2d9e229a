import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { systemClock } from '@credence/sdk/runtime';
import { Minter } from '../../dist/identity/minter.js';
import type { X509SvidRequest } from '../../dist/identity/ports.js';
import { SvidCache } from '../../dist/identity/svid-cache.js';
import { entry, middle, rotation } from '../support/entries.js';
import { RecordingLogger } from '../support/recording-logger.js';

describe('minter', () => {
  it('leaves threads for others while it makes the keys of a batch', async () => {
    const log = new RecordingLogger();
    const requested: X509SvidRequest[] = [];
    const server = {
      batchSize: 500,
      newX509Svids: (requests: readonly X509SvidRequest[]) => {
        requested.push(...requests);
        return Promise.resolve(requests.map(() => ({ kind: 'refused', reason: 'no' }) as const));
      },
    };
    const svids = new SvidCache({ clock: systemClock, random: middle, rotation });
    const clock = systemClock;
    const minter = new Minter({ clock, server, svids, keyType: 'rsa-2048', log, onIssued: () => undefined });
    const entries = Array.from({ length: 40 }, (_, index) => entry(String(index)));
    const minting = minter.mint(entries, new AbortController().signal);
    await readFile('/proc/self/status');
    assert.ok(log.count('creating X509-SVID') < entries.length / 2, 'a file was read before most keys were begun');
    assert.equal(requested.length, 0);
    await minting;
    assert.deepEqual(requested.map(({ entryId }) => entryId).sort(), entries.map(({ id }) => id).sort());
  }).timeout(60_000);
});
