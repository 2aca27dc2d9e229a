// Two trust domains that federate with each other, each with a server, an agent and a workload: what the operator does on
// one side, and what the workloads see of it.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TrustDomain, X509Source } from '@credence/sdk';
import { authorizeId, connect, createServer, peerOf } from '@credence/sdk/tls';
import type { Child } from '../support/child.js';
import { Deployment, freePort } from '../support/deployment.js';
import { until } from '../support/until.js';

const patience = 60_000;

/** A trust domain with its bundle endpoint, and its workload as the SDK sees it. */
class Side implements AsyncDisposable {
  readonly deployment: Deployment;
  readonly endpointPort: number;
  #server: Child | undefined;
  #source: X509Source | undefined;

  private constructor(deployment: Deployment, endpointPort: number) {
    this.deployment = deployment;
    this.endpointPort = endpointPort;
  }

  static async create(name: string): Promise<Side> {
    return new Side(await Deployment.create(name), await freePort());
  }

  get name(): string {
    return this.deployment.trustDomain;
  }

  get endpoint(): { readonly url: string; readonly id: string } {
    return { url: `https://127.0.0.1:${this.endpointPort}/`, id: `spiffe://${this.name}/spire/server` };
  }

  get source(): X509Source {
    return this.#source ?? assert.fail('no workload');
  }

  async startServer(federatesWith: object = {}): Promise<void> {
    const endpoint = { address: '127.0.0.1', port: this.endpointPort, profile: { https_spiffe: null } };
    const config = { federation: { bundle_endpoint: endpoint, federates_with: federatesWith } };
    this.#server = await this.deployment.startServer({ config });
  }

  async stopServer(): Promise<void> {
    await this.#server?.stop('SIGKILL');
  }

  /** The bundle as a file, as the operator of the other side is given it. */
  async writeBundle(): Promise<string> {
    const path = join(this.deployment.folder, 'bundle.json');
    await writeFile(path, await this.deployment.admin('bundle', 'show', '--format', 'spiffe'));
    return path;
  }

  async startWorkload(path: string, other: Side): Promise<void> {
    await this.deployment.createEntry(path, '--federates-with', other.name);
    await this.deployment.startAgent();
    this.#source = await X509Source.create({ address: `unix://${this.deployment.workloadSocket()}` });
    await until('the federated bundle to be with the workload', () => this.knows(other));
  }

  knows(other: Side): boolean {
    return this.source.bundles.some(({ trustDomain }) => trustDomain.name === other.name);
  }

  /** How many X.509 authorities of the other trust domain the workload knows. */
  authorities(other: Side): number {
    return this.source.getX509BundleForTrustDomain(TrustDomain.parse(other.name)).authorities.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source?.[Symbol.asyncDispose]();
    await this.deployment[Symbol.asyncDispose]();
  }
}

describe('two federated trust domains', function () {
  this.timeout(patience);
  let a: Side;
  let b: Side;
  let service: Server;

  before(async () => {
    [a, b] = await Promise.all([Side.create('a.example'), Side.create('b.example')]);
    await a.startServer();
    // One side is told by the command line, the other by its configuration.
    const { url, id } = a.endpoint;
    const profile = { https_spiffe: { endpoint_spiffe_id: id } };
    await b.startServer({ [a.name]: { bundle_endpoint_url: url, bundle_endpoint_profile: profile } });
    await b.deployment.admin('bundle', 'set', '--id', a.name, '--format', 'spiffe', '--path', await a.writeBundle());
    await a.deployment.admin(
      ...['federation', 'create', '--trust-domain', b.name, '--bundle-endpoint-url', b.endpoint.url],
      ...['--bundle-endpoint-profile', 'https_spiffe', '--endpoint-spiffe-id', b.endpoint.id],
      ...['--trust-domain-bundle-format', 'spiffe', '--trust-domain-bundle-path', await b.writeBundle()],
    );
    await Promise.all([a.startWorkload('/client', b), b.startWorkload('/service', a)]);
    const authorize = authorizeId(`spiffe://${a.name}/client`);
    service = createServer({ svid: b.source, bundles: b.source, authorize }, (socket) => socket.resume());
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
  });

  after(async () => {
    service.close();
    await Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]);
  });

  const call = (): Promise<TLSSocket> => {
    const { port } = service.address() as AddressInfo;
    const authorize = authorizeId(`spiffe://${b.name}/service`);
    return connect({ host: '127.0.0.1', port, svid: a.source, bundles: a.source, authorize });
  };
  const refresh = async (): Promise<void> => {
    await a.deployment.admin('federation', 'refresh', '--id', b.name);
    await b.deployment.admin('federation', 'refresh', '--id', a.name);
  };

  it('verify each other, a workload of one calling a workload of the other', async () => {
    await refresh();
    const socket = await call();
    assert.equal(peerOf(socket)?.id.toString(), `spiffe://${b.name}/service`);
    socket.destroy();
  });

  it('are still federated after their servers were killed, and the connection stays', async () => {
    const socket = await call();
    await Promise.all([a.stopServer(), b.stopServer()]);
    const { url, id } = a.endpoint;
    const profile = { https_spiffe: { endpoint_spiffe_id: id } };
    await a.startServer();
    await b.startServer({ [a.name]: { bundle_endpoint_url: url, bundle_endpoint_profile: profile } });
    await refresh();
    assert.equal(socket.destroyed, false);
    socket.destroy();
    (await call()).destroy();
  });

  it('follow a rotation: an authority is known to the other side before it signs (FED-4.1-c)', async () => {
    const authority = async (...args: string[]): Promise<string> =>
      /Authority ID: (\w+)/.exec(await b.deployment.admin('localauthority', 'x509', ...args))?.[1] ?? assert.fail();
    const old = await authority('show');
    const next = await authority('prepare');
    await refresh();
    await until('the next authority to be with the workload', () => a.authorities(b) === 2);
    const before = b.source.getX509Svid().leaf.serialNumber;
    await authority('activate', '--authority-id', next);
    await authority('taint', '--authority-id', old);
    await until('the workload of the other side to have a new SVID', () => {
      return b.source.getX509Svid().leaf.serialNumber !== before;
    });
    await authority('revoke', '--authority-id', old);
    await refresh();
    await until('the revoked authority to be gone', () => a.authorities(b) === 1);
    (await call()).destroy();
  });

  it('part: what is connected ends, and nobody connects any more', async () => {
    const socket = await call();
    const closed = once(socket, 'close');
    await a.deployment.admin('federation', 'delete', '--id', b.name);
    const refused = await a.deployment.server('bundle', 'delete', '--id', b.name);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /federated with 1 registration entries/);
    await a.deployment.admin('bundle', 'delete', '--id', b.name, '--mode', 'dissociate');
    await closed;
    await until('the bundle to be gone', () => !a.knows(b));
    await assert.rejects(call());
    const { code, stderr } = await a.deployment.server('federation', 'refresh', '--id', b.name);
    assert.equal(code, 1);
    assert.match(stderr, /there is no federation relationship with trust domain "b\.example"/);
  });
});
