import assert from 'node:assert/strict';
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { ManualClock } from '@credence/sdk/testing';
import { connectRaw, rawCall } from '../../support/raw-call.js';
import { TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot } from '../../support/fake-workload-snapshots.js';
import { RecordingLogger } from '../../support/recording-logger.js';
import { until } from '../../../../sdk/dist-test/support/until.js';

const method = '/SpiffeWorkloadAPI/FetchX509SVID';
const header = { 'workload.spiffe.io': 'true' };
const noIdentity = 7;

describe('calls of one connection', () => {
  let clock: ManualClock;
  let log: RecordingLogger;
  let snapshots: FakeWorkloadSnapshots;
  let endpoint: TestEndpoint;
  let session: ClientHttp2Session;

  beforeEach(async () => {
    clock = new ManualClock();
    log = new RecordingLogger();
    snapshots = new FakeWorkloadSnapshots(snapshot([]));
    endpoint = await TestEndpoint.start({ snapshots, clock, log });
    session = connectRaw(endpoint.socketPath);
  });

  afterEach(async () => {
    session.destroy();
    await endpoint[Symbol.asyncDispose]();
  });

  /** A call whose request is never completed. */
  function halfOpen(headers: OutgoingHttpHeaders = header): ClientHttp2Stream {
    const names = { ':method': 'POST', ':path': method, 'content-type': 'application/grpc', te: 'trailers' };
    return session.request({ ...names, ...headers }).on('error', () => undefined);
  }

  const cut = (reason: RegExp): Promise<unknown> =>
    until('the connection to be cut', () => {
      const record = log.records.find(({ message }) => message === 'connection cut');
      return session.destroyed && record !== undefined && reason.test((record.fields as { reason: string }).reason);
    });

  it('must have their requests within 10 s', async () => {
    assert.equal((await rawCall(session, method, header)).grpcStatus, noIdentity);
    // Nobody waits for it any more, once it was seen that nothing is missing.
    await clock.advance(100);
    assert.equal(clock.sleepers, 0);
    halfOpen();
    await clock.waitForSleepers(1);
    await clock.advance(9_999);
    assert.equal((await rawCall(session, method, header)).grpcStatus, noIdentity);
    await clock.advance(1);
    await cut(/not completed in time/);
  });

  it('must have their requests within 10 s, also where they will be refused', async () => {
    halfOpen({});
    await clock.waitForSleepers(1);
    await clock.advance(10_000);
    await cut(/not completed in time/);
  });

  it('may take as long as they like once the request is there', async () => {
    snapshots.set(snapshot([identity('a')]));
    const open = rawCall(session, method, header).catch(() => undefined);
    await until('the stream to be open', () => snapshots.open === 1);
    await clock.advance(60_000);
    assert.equal(session.destroyed, false);
    session.destroy();
    await open;
  });

  it('have metadata of 8 KiB at most', async () => {
    const padding = (bytes: number): OutgoingHttpHeaders => ({ ...header, padding: 'x'.repeat(bytes) });
    assert.equal((await rawCall(session, method, padding(8000))).grpcStatus, noIdentity);
    halfOpen(padding(8192));
    await cut(/metadata of \d+ bytes, of 8192 that are accepted/);
  });

  it('may not end again and again before their requests are complete', async () => {
    const ended = (): Promise<void> =>
      new Promise((resolve) => {
        halfOpen({ ...header, 'grpc-timeout': '1n' }).once('response', () => {
          resolve();
        });
      });
    for (let i = 0; i < 8; i++) await ended();
    assert.equal((await rawCall(session, method, header)).grpcStatus, noIdentity);
    halfOpen({ ...header, 'grpc-timeout': '1n' });
    await cut(/ended before their requests were complete/);
  });

  it('are 1,024 at a time', async () => {
    await until('the settings to arrive', () => session.remoteSettings.maxConcurrentStreams === 1024);
  });
});

describe('calls of one user', () => {
  it('leave room for others, and are counted only while they last', async () => {
    const [log, snapshots] = [new RecordingLogger(), new FakeWorkloadSnapshots(snapshot([identity('a')]))];
    await using endpoint = await TestEndpoint.start({ snapshots, log });
    const open = (count: number): { session: ClientHttp2Session; ended: Promise<unknown> } => {
      const session = connectRaw(endpoint.socketPath);
      return {
        session,
        ended: Promise.allSettled(Array.from({ length: count }, () => rawCall(session, method, header))),
      };
    };
    for (let round = 1; round <= 2; round++) {
      const within = Array.from({ length: 5 }, () => open(1000));
      await until('5,000 streams to be open', () => snapshots.open === 5000, 30);
      assert.equal(
        within.some(({ session }) => session.destroyed),
        false,
      );
      const beyond = open(200);
      await until('the connection that goes too far to be cut', () => beyond.session.destroyed);
      for (const { session } of within) session.destroy();
      await Promise.all([...within, beyond].map(({ ended }) => ended));
      await until('all streams to end', () => snapshots.open === 0);
    }
    assert.ok(log.records.some(({ message }) => message === 'connection cut'));
  }).timeout(90_000);
});
