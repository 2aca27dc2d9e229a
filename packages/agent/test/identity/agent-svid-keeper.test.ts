import assert from 'node:assert/strict';
import { SpiffeId } from '@credence/sdk';
import { ManualClock } from '@credence/sdk/testing';
import type { AgentSvid } from '../../dist/domain/agent-svid.js';
import { agentError } from '../../dist/domain/errors.js';
import { AgentSvidKeeper } from '../../dist/identity/agent-svid-keeper.js';
import type { AgentStore, AgentSvidSource } from '../../dist/identity/ports.js';
import { middle, rotation, svid } from '../support/entries.js';
import { RecordingLogger } from '../support/recording-logger.js';

const hour = 3_600_000;
const id = SpiffeId.parse('spiffe://example.org/spire/agent/join_token/t');

/** Issues SVIDs of an hour, or fails. */
class Source implements AgentSvidSource, AgentStore {
  failure: Error | undefined;
  reachable = false;
  rotations = 0;
  readonly written: string[] = [];
  readonly clock = new ManualClock();
  readonly stop = new AbortController();

  /** How far the server dates an SVID back. */
  backdateMs = 0;

  agentSvid(reattestable = false): AgentSvid {
    const notBefore = new Date(this.clock.now().getTime() - this.backdateMs);
    return { ...svid(notBefore, this.backdateMs + hour), id, reattestable };
  }

  keeper(options: { readonly reattestable?: boolean; readonly stored?: boolean } = {}): AgentSvidKeeper {
    const [source, store, log] = [this, this, new RecordingLogger()];
    const { stored = false } = options;
    return new AgentSvidKeeper({
      clock: this.clock,
      random: middle,
      rotation,
      log,
      source,
      store,
      svid: this.agentSvid(options.reattestable),
      receivedAt: stored ? undefined : this.clock.now(),
    });
  }

  async rotate(current: AgentSvid, adopt: (svid: AgentSvid) => Promise<void>): Promise<void> {
    this.rotations++;
    if (this.failure !== undefined) throw this.failure;
    await adopt(this.agentSvid(current.reattestable));
  }

  isReachable(): Promise<boolean> {
    return Promise.resolve(this.reachable);
  }

  storeSvid(): Promise<void> {
    this.written.push('svid');
    return Promise.resolve();
  }

  removeSvid(): Promise<void> {
    this.written.push('removed');
    return Promise.resolve();
  }

  storeBundle(): Promise<void> {
    return Promise.resolve();
  }
}

const refusal = (reason: string): Error => agentError('ERR_SERVER_REFUSED', 'no', { details: { reason } });
const away = agentError('ERR_SERVER_UNREACHABLE', 'away');

describe('agent SVID keeper', () => {
  it('renews at half life, again and again, storing each before it is used', async () => {
    const source = new Source();
    const keeper = source.keeper();
    const first = keeper.current;
    const running = assert.rejects(keeper.run(source.stop.signal), { name: 'AbortError' });
    await source.clock.advance(hour / 2 - 1);
    assert.equal(keeper.current, first);
    await source.clock.advance(1);
    assert.notEqual(keeper.current, first);
    await source.clock.advance(hour);
    assert.equal(source.rotations, 3);
    assert.deepEqual(source.written, ['svid', 'svid', 'svid']);
    source.stop.abort();
    await running;
  });

  it('counts the life of each SVID from when it came, however far it is dated back', async () => {
    const source = new Source();
    source.backdateMs = 10 * hour;
    const running = assert.rejects(source.keeper().run(source.stop.signal), { name: 'AbortError' });
    for (const rotations of [0, 1]) {
      await source.clock.advance(hour / 2 - 1);
      assert.equal(source.rotations, rotations);
      await source.clock.advance(1);
      assert.equal(source.rotations, rotations + 1);
    }
    source.stop.abort();
    await running;
  });

  it('counts that of a stored one from its notBefore, so that restarts do not put off its renewal', async () => {
    const source = new Source();
    source.backdateMs = hour / 2;
    const running = assert.rejects(source.keeper({ stored: true }).run(source.stop.signal), { name: 'AbortError' });
    await source.clock.advance(hour / 4 - 1);
    assert.equal(source.rotations, 0);
    await source.clock.advance(1);
    assert.equal(source.rotations, 1);
    await source.clock.advance(hour / 2 - 1);
    assert.equal(source.rotations, 1);
    source.stop.abort();
    await running;
  });

  it('retries up to 2 minutes apart while the server is away, beyond expiry too', async () => {
    const source = new Source();
    const keeper = source.keeper();
    source.failure = away;
    const running = assert.rejects(keeper.run(source.stop.signal), { name: 'AbortError' });
    await source.clock.advance(2 * hour);
    assert.ok(source.rotations > 40, String(source.rotations));
    source.failure = undefined;
    await source.clock.advance(120_000);
    assert.ok(keeper.current.expiresAt > source.clock.now());
    source.stop.abort();
    await running;
  });

  it('ends once the server answers and the SVID has expired', async () => {
    const source = new Source();
    const keeper = source.keeper();
    source.failure = away;
    source.reachable = true;
    const running = keeper.run(source.stop.signal);
    const ended = assert.rejects(running, { code: 'ERR_SERVER_REFUSED', details: { reason: 'AGENT_EXPIRED' } });
    await source.clock.advance(hour - 1);
    assert.deepEqual(source.written, []);
    await source.clock.advance(120_000);
    await ended;
    assert.deepEqual(source.written, ['removed']);
  });

  for (const [reason, advice] of [
    ['AGENT_BANNED', /agent evict -spiffeID spiffe:\/\/example\.org\/spire\/agent\/join_token\/t"\), then make a new/],
    ['AGENT_NOT_ATTESTED', /evicted.*make a new join token/],
    ['AGENT_NOT_ACTIVE', /copy of the data directory/],
    ['AGENT_EXPIRED', /expired.*make a new join token/],
    ['AGENT_MUST_REATTEST', /evict/],
  ] as const) {
    it(`ends with ${reason} for an agent that cannot attest again, and says what to do`, async () => {
      const source = new Source();
      const recovery = source.keeper().recover(refusal(reason), source.stop.signal);
      await assert.rejects(recovery, { code: 'ERR_SERVER_REFUSED', details: { reason }, message: advice });
      assert.deepEqual(source.written, ['removed']);
    });
  }

  it('attests again when it can, unless it is banned', async () => {
    const source = new Source();
    const keeper = source.keeper({ reattestable: true });
    await keeper.recover(refusal('AGENT_NOT_ATTESTED'), source.stop.signal);
    assert.equal(source.rotations, 1);
    source.failure = away;
    await keeper.recover(refusal('AGENT_NOT_ATTESTED'), source.stop.signal);
    await assert.rejects(keeper.recover(refusal('AGENT_BANNED'), source.stop.signal), { code: 'ERR_SERVER_REFUSED' });
    assert.equal(source.rotations, 2);
  });

  it('ends with the words of the server when that refuses the new attestation, and says what to do', async () => {
    const source = new Source();
    const keeper = source.keeper({ reattestable: true });
    source.failure = agentError('ERR_SERVER_REFUSED', 'the server refused it: agent is banned', {
      details: { reason: undefined },
    });
    await assert.rejects(keeper.recover(refusal('AGENT_NOT_ATTESTED'), source.stop.signal), {
      code: 'ERR_SERVER_REFUSED',
      message: /agent is banned\); evict it on the server/,
    });
    assert.deepEqual(source.written, ['removed']);
  });

  it('renews at once when its authority is tainted', async () => {
    const source = new Source();
    const keeper = source.keeper();
    const running = assert.rejects(keeper.run(source.stop.signal), { name: 'AbortError' });
    keeper.expedite(() => false);
    await source.clock.advance(0);
    assert.equal(source.rotations, 0);
    keeper.expedite(() => true);
    await source.clock.advance(0);
    await source.clock.advance(0);
    assert.equal(source.rotations, 1);
    source.stop.abort();
    await running;
  });
});
