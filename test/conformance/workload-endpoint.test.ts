// What the standards ask of whoever serves the Workload API, seen by a stock gRPC client of a real agent whose server has
// an intermediate authority.
import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, credentials, Metadata, status, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { defaultPaths } from '@credence/sdk/daemon';
import { exportPrivateKey } from '@credence/sdk/keys';
import { TestCa } from '@credence/sdk/testing';
import { workloadApi } from '@credence/sdk/wire';
import type { SpiffeWorkloadAPIClient } from '@credence/sdk/wire/gen/SpiffeWorkloadAPI.js';
import type { X509SVIDResponse__Output } from '@credence/sdk/wire/gen/X509SVIDResponse.js';
import { Certificate, toPem } from '@credence/sdk/x509';
import type { Child } from '../support/child.js';
import { Deployment, freePort } from '../support/deployment.js';
import { until } from '../support/until.js';

const metadata = new Metadata();
metadata.set('workload.spiffe.io', 'true');

describe('the Workload Endpoint of an agent', function () {
  this.timeout(60_000);
  let deployment: Deployment;
  let agent: Child;
  let client: SpiffeWorkloadAPIClient;
  const clientOf = (name?: string): SpiffeWorkloadAPIClient =>
    workloadApi.createClient(`unix:${deployment.workloadSocket(name)}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });

  before(async () => {
    deployment = await Deployment.create();
    await deployment.startServer({ plugins: { UpstreamAuthority: { disk: { plugin_data: await corporate() } } } });
    agent = await deployment.startAgent();
    await deployment.createEntry('/web');
    client = clientOf();
    await until('the identity', async () => (await first(client).catch(() => undefined)) !== undefined);
  });
  after(async () => {
    client.close();
    await deployment[Symbol.asyncDispose]();
  });

  async function corporate(): Promise<object> {
    const root = await TestCa.create('corp.test', { uris: [], subject: { commonName: 'corporate root' } });
    const [key_file_path, cert_file_path] = [join(deployment.folder, 'key.pem'), join(deployment.folder, 'root.pem')];
    await writeFile(key_file_path, toPem(exportPrivateKey(root.key), 'PRIVATE KEY'), { mode: 0o600 });
    await writeFile(cert_file_path, root.certificate.toPem());
    return { key_file_path, cert_file_path };
  }

  it('speaks gRPC on a Unix socket (WEP-3-a, WEP-3-c) to whoever brings the header, and asks for nothing else (WEP-5-a, WEP-5-c)', async () => {
    assert.match(defaultPaths('agent', { uid: 0, env: {} }).socket, /\.sock$/);
    assert.deepEqual(
      (await first(client)).svids.map(({ spiffe_id }) => spiffe_id),
      ['spiffe://example.org/web'],
    );
  });

  it('listens on this machine alone, on no TCP port (WEP-2-a, WEP-2-b, WEP-3-d)', async () => {
    const held = await socketsOf(agent.pid);
    assert.ok((await listening('unix')).some((inode) => held.has(inode)));
    for (const family of ['tcp', 'tcp6', 'udp', 'udp6'] as const) {
      assert.deepEqual((await listening(family)).filter((inode) => held.has(inode)), [], family); // prettier-ignore
    }
  });

  it('answers each new stream with a message, without delay (WAPI-4.3-c, WAPI-4.3-d)', async () => {
    for (let round = 0; round < 5; round++) {
      const start = performance.now();
      assert.equal((await first(client)).svids.length, 1);
      assert.ok(performance.now() - start < 1000);
    }
  });

  it('ignores fields of a request that it does not know (EV-34)', async () => {
    const stock = new Client(`unix:${deployment.workloadSocket()}`, credentials.createInsecure());
    try {
      const request = Buffer.concat([Buffer.from([0xfa, 0x3f, 3]), Buffer.from('new')]); // field 1023, of 3 bytes
      const { path, responseDeserialize } = workloadApi.definition.FetchX509SVID;
      const same = (bytes: Buffer): Buffer => bytes;
      const stream = stock.makeServerStreamRequest(path, same, responseDeserialize, request, metadata);
      assert.equal((await firstOf(stream)).svids.length, 1);
    } finally {
      stock.close();
    }
  });

  it('has the methods and the fields of the standard, and no others (WAPI-2-a)', () => {
    const methods = ['FetchX509SVID', 'FetchX509Bundles', 'FetchJWTSVID', 'FetchJWTBundles', 'ValidateJWTSVID'];
    const incubating = ['FetchWITSVID', 'FetchWITBundles'];
    assert.deepEqual(Object.keys(workloadApi.definition).sort(), [...methods, ...incubating].sort());
    const known = {
      FetchX509SVID: [{}, { svids: 1, crl: 2, federated_bundles: 3 }],
      FetchX509Bundles: [{}, { crl: 1, bundles: 2 }],
      FetchJWTSVID: [{ audience: 1, spiffe_id: 2 }, { svids: 1 }],
      FetchJWTBundles: [{}, { bundles: 1 }],
      ValidateJWTSVID: [
        { audience: 1, svid: 2 },
        { spiffe_id: 1, claims: 2 },
      ],
    };
    for (const [name, [request, response]] of Object.entries(known)) {
      const method = workloadApi.definition[name as keyof typeof known];
      assert.deepEqual([fieldsOf(method.requestType), fieldsOf(method.responseType)], [request, response], name);
    }
  });

  describe('gives an X.509-SVID', () => {
    let chain: readonly Certificate[];
    let message: X509SVIDResponse__Output['svids'][number];
    before(async () => {
      const [svid] = (await first(client)).svids;
      assert.ok(svid !== undefined);
      message = svid;
      chain = Certificate.parseAll(svid.x509_svid);
    });

    it('by the ID that its leaf has (WAPI-5.1-a)', () => {
      assert.deepEqual(
        new X509Certificate(message.x509_svid).subjectAltName,
        `URI:${message.spiffe_id}`, // the only name
      );
    });

    it('leaf first (WAPI-5.1-c), its intermediate behind it (WAPI-5.1-b)', () => {
      const [leaf, authority, ...more] = chain.map(({ raw }) => new X509Certificate(raw));
      assert.deepEqual([leaf?.ca, authority?.ca, more.length], [false, true, 0]);
      assert.ok(authority !== undefined && leaf?.verify(authority.publicKey));
    });

    it('with its key in PKCS#8, not encrypted (WAPI-5.1-d)', () => {
      const key = createPrivateKey({ key: message.x509_svid_key, format: 'der', type: 'pkcs8' });
      assert.ok(new X509Certificate(message.x509_svid).checkPrivateKey(key));
    });

    it('with the authorities of its trust domain (WAPI-5.1-e)', () => {
      const [root, ...others] = Certificate.parseAll(message.bundle).map(({ raw }) => new X509Certificate(raw));
      const last = chain.at(-1);
      assert.ok(root !== undefined && last !== undefined && others.length === 0);
      assert.ok(root.ca && new X509Certificate(last.raw).verify(root.publicKey));
    });
  });

  it('is UNAVAILABLE to callers while it starts without its server (WEP-6-d, EV-27)', async () => {
    const away = await freePort();
    const starting = await deployment.launchAgent({ name: 'late', serverPort: away });
    const early = clientOf('late');
    try {
      await until('an attempt to join', () =>
        starting.reports.some(({ msg }) => msg === 'failed to retrieve attestation result'),
      );
      await assert.rejects(first(early), ({ code }: ServiceError) => code === status.UNAVAILABLE);
    } finally {
      early.close();
    }
  });
});

async function first(client: SpiffeWorkloadAPIClient): Promise<X509SVIDResponse__Output> {
  return firstOf(client.FetchX509SVID({}, metadata));
}

async function firstOf<Message>(stream: ClientReadableStream<Message>): Promise<Message> {
  try {
    return await new Promise<Message>((resolve, reject) => stream.once('data', resolve).once('error', reject));
  } finally {
    stream.on('error', () => undefined).cancel();
  }
}

/** Field numbers by name. */
function fieldsOf({ type }: { readonly type: object }): object {
  const { field } = type as { readonly field: readonly { readonly name: string; readonly number: number }[] };
  return Object.fromEntries(field.map(({ name, number }) => [name, number]));
}

/** The inodes of a process's sockets. */
async function socketsOf(pid: number): Promise<ReadonlySet<string>> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')));
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

/** The inodes of sockets that wait for callers; of those without connections, of all that are bound. */
async function listening(family: 'tcp' | 'tcp6' | 'udp' | 'udp6' | 'unix'): Promise<readonly string[]> {
  const lines = (await readFile(`/proc/net/${family}`, 'utf8')).trim().split('\n').slice(1);
  const rows = lines.map((line) => line.trim().split(/\s+/));
  // proc(5): the state LISTEN is 0A; of a Unix socket, __SO_ACCEPTON is 00010000.
  if (family === 'unix') return rows.flatMap((row) => (row[3] === '00010000' ? (row[6] ?? []) : []));
  return rows.flatMap((row) => (family.startsWith('udp') || row[3] === '0A' ? (row[9] ?? []) : []));
}
