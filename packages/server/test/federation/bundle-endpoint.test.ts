import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { SpiffeBundleSet, TrustDomain, X509BundleSet, type SpiffeBundle } from '@credence/sdk';
import { fetchBundle } from '@credence/sdk/federation';
import { silentLogger, systemClock } from '@credence/sdk/runtime';
import { StaticX509Source, TestCa } from '@credence/sdk/testing';
import { Certificate, toPem } from '@credence/sdk/x509';
import type { TrustBundle } from '../../dist/domain/trust-bundle.js';
import { openBundleEndpoint, type BundleEndpoint } from '../../dist/federation/bundle-endpoint.js';
import { trustBundleOf } from '../../dist/federation/spiffe-bundles.js';
import type { BundleEndpointSettings } from '../../dist/settings.js';
import { temporaryDirectory } from '../../../sdk/dist-test/support/temporary-directory.js';
import { until } from '../../../sdk/dist-test/support/until.js';

const trustDomain = TrustDomain.parse('example.org');
const serverId = 'spiffe://example.org/spire/server';

describe('the bundle endpoint', () => {
  let ca: TestCa;
  let stored: TrustBundle | undefined;
  let opened: BundleEndpoint[];
  let reports: string[];

  before(async () => {
    ca = await TestCa.create(trustDomain);
  });
  beforeEach(() => {
    stored = trustBundleOf(ca.spiffeBundle({ sequenceNumber: 4n }));
    opened = [];
    reports = [];
  });
  afterEach(async () => {
    for (const endpoint of opened) await endpoint[Symbol.asyncDispose]();
  });

  const open = async (profile: BundleEndpointSettings['profile']): Promise<string> => {
    const endpoint = await openBundleEndpoint({
      address: '127.0.0.1',
      port: 0,
      refreshHintSeconds: 120,
      profile,
      trustDomain,
      bundles: {
        get: () => Promise.resolve(stored),
        setRefreshHint: (_, refreshHintSeconds) => {
          stored = stored && { ...stored, refreshHintSeconds };
          return Promise.resolve();
        },
      },
      serverSvid: new StaticX509Source(await ca.x509Svid(serverId), [ca.bundle()]),
      clock: systemClock,
      log: { ...silentLogger, error: (fields) => reports.push(String((fields as { err: unknown }).err)) },
    });
    opened.push(endpoint);
    return `https://127.0.0.1:${endpoint.address.port}/`;
  };
  const fetch = (url: string, bundle: SpiffeBundle): Promise<SpiffeBundle> =>
    fetchBundle(trustDomain, url, {
      profile: 'https_spiffe',
      endpointId: serverId,
      bundles: X509BundleSet.of(bundle.x509),
    });

  it('publishes the stored bundle with the configured hint (TDB-4.1.1-a, TDB-4.1.2-a, FED-5.2.2.3-a)', async () => {
    const url = await open({ kind: 'https_spiffe' });
    const fetched = await fetch(url, ca.spiffeBundle());
    assert.ok(fetched.equals(ca.spiffeBundle({ sequenceNumber: 4n, refreshHintMs: 120_000 })));
  });

  it('publishes what is stored now (FED-5.2.2.3-c), with what is tainted', async () => {
    const url = await open({ kind: 'https_spiffe' });
    await fetch(url, ca.spiffeBundle());
    const other = await TestCa.create(trustDomain);
    const { x509Authorities } = trustBundleOf(other.spiffeBundle());
    const [first] = trustBundleOf(ca.spiffeBundle()).x509Authorities;
    assert.ok(stored !== undefined && first !== undefined);
    stored = { ...stored, x509Authorities: [{ ...first, tainted: true }, ...x509Authorities], sequenceNumber: 5n };
    const fetched = await fetch(url, ca.spiffeBundle());
    assert.equal(fetched.x509.authorities.length, 2);
    assert.equal(fetched.sequenceNumber, 5n);
  });

  it('answers 500 while there is no bundle', async () => {
    const url = await open({ kind: 'https_spiffe' });
    await fetch(url, ca.spiffeBundle());
    stored = undefined;
    await assert.rejects(fetch(url, ca.spiffeBundle()), /status 500/);
  });

  it('takes up a renewed certificate of the Web PKI, and none that is not usable (FED-5.2.1.3-b)', async () => {
    await using folder = await temporaryDirectory();
    const paths = { certificatePath: join(folder.path, 'endpoint.crt'), keyPath: join(folder.path, 'endpoint.key') };
    const root = await TestCa.create('web.invalid', { uris: [] });
    const renew = async (): Promise<string> => {
      const { chain, privateKey } = await root.credential('/endpoint', { uris: [], dnsNames: ['localhost'] });
      const [leaf = assert.fail()] = chain;
      await writeFile(paths.keyPath, privateKey.export({ format: 'pem', type: 'pkcs8' }));
      await writeFile(paths.certificatePath, toPem(leaf, 'CERTIFICATE'));
      return Certificate.parse(leaf).serialNumber.toString(16).toUpperCase();
    };
    const served = (url: string): Promise<string | undefined> =>
      new Promise((resolve, reject) => {
        const options = { agent: false, ca: root.certificate.toPem() };
        request(url.replace('127.0.0.1', 'localhost'), options, (response) => {
          const { socket } = response as unknown as { socket: { getPeerCertificate(): { serialNumber: string } } };
          resolve(socket.getPeerCertificate().serialNumber.replace(/^0+/, ''));
          response.resume();
        })
          .on('error', reject)
          .end();
      });
    const first = await renew();
    const url = await open({ kind: 'https_web', ...paths, syncIntervalMs: 20 });
    assert.equal(await served(url), first);
    await writeFile(paths.certificatePath, 'half a certif');
    assert.equal(await served(url), first);
    await until('the files that are not usable to be reported', () => reports.length > 0);
    await writeFile(paths.certificatePath, '');
    reports = [];
    await until('the empty file to be reported', () => reports.length > 0);
    assert.equal(await served(url), first);
    const other = await root.credential('/other', { uris: [], dnsNames: ['localhost'] });
    await writeFile(paths.certificatePath, toPem(other.chain[0] ?? assert.fail(), 'CERTIFICATE'));
    await until('the mismatch to be reported', () => /do not belong together|mismatch/.test(reports.at(-1) ?? ''));
    assert.equal(await served(url), first);
    const second = await renew();
    await until('the renewed certificate', async () => (await served(url)) === second);
    const bundle = await fetchBundle(trustDomain, url.replace('127.0.0.1', 'localhost'), {
      profile: 'https_web',
      ca: [root.certificate.toPem()],
    });
    assert.ok(SpiffeBundleSet.of(bundle).get(trustDomain)?.x509.equals(ca.bundle()));
  });

  it('gives one address 64 connections, and frees them when they close', async () => {
    const url = new URL(await open({ kind: 'https_spiffe' }));
    const sockets = Array.from({ length: 65 }, () => connect({ host: url.hostname, port: Number(url.port) }));
    const closed = new Set<Socket>();
    for (const socket of sockets) {
      socket.on('error', () => undefined);
      socket.once('close', () => closed.add(socket));
      socket.resume();
    }
    await until('the connection that is too many to be closed', () => closed.size === 1);
    for (const socket of sockets) socket.destroy();
    await until('the endpoint to answer again', () =>
      fetch(url.href, ca.spiffeBundle()).then(
        () => true,
        () => false,
      ),
    );
    assert.equal(closed.size, 65);
  });

  it('answers an address that comes new while eight others hold all places', async () => {
    const url = new URL(await open({ kind: 'https_spiffe' }));
    const held = Array.from({ length: 8 * 64 }, (_, index) =>
      connect({ host: url.hostname, port: Number(url.port), localAddress: `127.0.1.${1 + (index % 8)}` }),
    );
    try {
      await Promise.all(
        held.map((socket) =>
          once(
            socket.on('error', () => undefined),
            'connect',
          ),
        ),
      );
      await fetch(url.href, ca.spiffeBundle());
      await until('the oldest connection to make room', () => held.some(({ destroyed }) => destroyed));
    } finally {
      for (const socket of held) socket.destroy();
    }
  });

  it('does not open without its certificate', async () => {
    const files = { certificatePath: '/no/such.crt', keyPath: '/no/such.key', syncIntervalMs: 1000 };
    await assert.rejects(open({ kind: 'https_web', ...files }), {
      code: 'ERR_CONFIG',
      message: /^certificate \/no\/such\.crt with key \/no\/such\.key cannot be used: /,
    });
  });
});
