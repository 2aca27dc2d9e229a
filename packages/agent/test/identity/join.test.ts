import assert from 'node:assert/strict';
import { SpiffeId } from '@credence/sdk';
import { ManualClock } from '@credence/sdk/testing';
import type { AgentSvid } from '../../dist/domain/agent-svid.js';
import { join, type Joined, type JoinOptions } from '../../dist/identity/join.js';
import { bundle, middle, svid } from '../support/entries.js';
import { RecordingLogger } from '../support/recording-logger.js';

describe('joining', () => {
  const clock = new ManualClock();
  const own: AgentSvid = {
    ...svid(new Date(clock.now().getTime() - 10_000), 60_000),
    id: SpiffeId.parse('spiffe://example.org/spire/agent/join_token/t'),
    reattestable: false,
  };
  const done = (): Promise<void> => Promise.resolve();

  const joined = (options: Partial<JoinOptions>): Promise<Joined> =>
    join(
      {
        clock,
        random: middle,
        log: new RecordingLogger(),
        attest: (trusted) => Promise.resolve({ svid: own, bundle: trusted }),
        advice: 'none',
        store: { storeSvid: done, removeSvid: done, storeBundle: done },
        stored: undefined,
        canServe: false,
        loadBundle: () => Promise.resolve(bundle('example.org')),
        ...options,
      },
      new AbortController().signal,
    );

  it('tells when the SVID of an attestation came, whatever its notBefore', async () => {
    assert.deepEqual((await joined({})).receivedAt, clock.now());
  });

  it('does not know when a stored SVID came', async () => {
    const { svid: found, receivedAt } = await joined({ stored: own });
    assert.deepEqual({ found, receivedAt }, { found: own, receivedAt: undefined });
  });
});
