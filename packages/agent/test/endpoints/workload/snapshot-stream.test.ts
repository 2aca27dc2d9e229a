import assert from 'node:assert/strict';
import type { ClientHttp2Stream } from 'node:http2';
import { header, StreamReader, TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot, trustBundle } from '../../support/fake-workload-snapshots.js';
import { connectRaw } from '../../support/raw-call.js';
import { until } from '../../../../sdk/dist-test/support/until.js';

function large(generation: number): ReturnType<typeof snapshot> {
  const bundle = trustBundle('example.org', `generation ${generation};`, 'x'.repeat(200_000));
  return snapshot([identity('a')], { bundle });
}

function open(endpoint: TestEndpoint): { stream: ClientHttp2Stream; close: () => void } {
  const session = connectRaw(endpoint.socketPath);
  const stream = session.request({
    ':method': 'POST',
    ':path': '/SpiffeWorkloadAPI/FetchX509SVID',
    'content-type': 'application/grpc',
    'workload.spiffe.io': 'true',
  });
  stream.on('error', () => undefined);
  stream.end(Buffer.alloc(5));
  return {
    stream,
    close: () => {
      session.destroy();
    },
  };
}

describe('streams of snapshots', () => {
  it('let one message wait for a reader that does not read, and give it the newest state when it does (EV-49)', async () => {
    const snapshots = new FakeWorkloadSnapshots(large(0));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const { stream, close } = open(endpoint);
    await until('the first snapshot was read', () => snapshots.taken === 1);
    // Others go on meanwhile, and see when the changes have come through.
    const other = new StreamReader(endpoint.client.FetchX509SVID({}, header()));
    await other.next();
    for (let generation = 1; generation <= 50; generation++) {
      snapshots.set(large(generation));
      await other.next();
    }
    const takenByOther = 51;
    assert.ok(snapshots.taken - takenByOther <= 2, `it holds ${snapshots.taken - takenByOther} messages`);

    let text = '';
    stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    await until('the newest state arrived', () => text.includes(`generation 50;${'x'.repeat(200_000)}`));
    assert.ok((text.match(/generation/g) ?? []).length <= 3);
    close();
  });

  it('serve 1000 callers on one connection, each with every change', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')]));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const streams = Array.from({ length: 1000 }, () => new StreamReader(endpoint.client.FetchX509SVID({}, header())));
    await Promise.all(streams.map((stream) => stream.next()));
    snapshots.set(snapshot([identity('b')]));
    const messages = await Promise.all(streams.map((stream) => stream.next()));
    assert.ok(messages.every(({ svids }) => svids[0]?.spiffe_id === 'spiffe://example.org/b'));
    for (const stream of streams) stream.cancel();
    await until('all watches ended', () => snapshots.open === 0);
  });

  it('end their watch when the caller cancels', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')]));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const stream = new StreamReader(endpoint.client.FetchX509SVID({}, header()));
    await stream.next();
    assert.equal(snapshots.open, 1);
    stream.cancel();
    await until('the watch ended', () => snapshots.open === 0);
  });

  it('end their watch when a caller that does not read goes away', async () => {
    const snapshots = new FakeWorkloadSnapshots(large(0));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const { close } = open(endpoint);
    await until('the watch began', () => snapshots.open === 1);
    close();
    await until('the watch ended', () => snapshots.open === 0);
  });

  it('end at once when the endpoint is closed', async () => {
    const snapshots = new FakeWorkloadSnapshots(snapshot([identity('a')]));
    await using endpoint = await TestEndpoint.start({ snapshots });
    const stream = new StreamReader(endpoint.client.FetchX509SVID({}, header()));
    await stream.next();
    await endpoint.stop();
    await stream.failure();
    await until('the watch ended', () => snapshots.open === 0);
  });
});
