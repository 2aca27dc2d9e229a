// Our server and a real spire-server federate both ways by https_spiffe: each fetches the other's bundle from its endpoint.
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, type Finished } from '../support/child.js';
import { Deployment, freePort } from '../support/deployment.js';
import { until } from '../support/until.js';
import { program } from './programs.js';

const [ourDomain, theirDomain] = ['ours.example', 'theirs.example'];

describe('federation of our server with a real spire-server', function () {
  this.timeout(60_000);
  let ours: Deployment;
  let theirs: Deployment;
  let spireServer: string | undefined;
  let ports: { readonly ours: number; readonly theirs: number };

  before(async function () {
    spireServer = program(this, 'spire-server');
    [ours, theirs] = [await Deployment.create(ourDomain), await Deployment.create(theirDomain)];
    ports = { ours: await freePort(), theirs: await freePort() };
    const endpoint = { address: '127.0.0.1', port: ports.ours, profile: { https_spiffe: null } };
    await ours.startServer({ config: { federation: { bundle_endpoint: endpoint } } });
    await mkdir(join(theirs.folder, 'server'));
    const configFile = join(theirs.folder, 'spire-server.conf');
    await writeFile(configFile, config());
    const server = theirs.track(new Child(spireServer, ['run', '-config', configFile]));
    await until('spire-server to serve', async () => {
      if (!server.running) throw new Error(`it ended: ${server.stdout}`);
      return (await spire('healthcheck')).code === 0;
    });
  });
  after(async () => {
    if (spireServer === undefined) return;
    await Promise.all([ours[Symbol.asyncDispose](), theirs[Symbol.asyncDispose]()]);
  });

  const config = (): string => `
server {
  bind_address = "127.0.0.1"
  bind_port = "${String(theirs.port)}"
  trust_domain = "${theirDomain}"
  data_dir = "${theirs.folder}/server"
  socket_path = "${theirs.adminSocket}"
  federation {
    bundle_endpoint {
      address = "127.0.0.1"
      port = ${String(ports.theirs)}
      profile "https_spiffe" {}
    }
  }
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3", connection_string = "${theirs.folder}/server/d.sqlite3" } }
  KeyManager "memory" { plugin_data {} }
  NodeAttestor "join_token" { plugin_data {} }
}`;
  const spire = (...args: string[]): Promise<Finished> =>
    new Child(spireServer ?? '', [...args, '-socketPath', theirs.adminSocket]).finished;
  const done = ({ code, stdout, stderr }: Finished): string => {
    assert.equal(code, 0, stdout + stderr);
    return stdout;
  };
  const create = async (name: string, port: number, bundle: string, folder: string): Promise<string[]> => {
    const path = join(folder, `${name}.json`);
    await writeFile(path, bundle);
    return [
      ...['federation', 'create', '-trustDomain', name, '-bundleEndpointURL', `https://127.0.0.1:${String(port)}/`],
      ...['-bundleEndpointProfile', 'https_spiffe', '-endpointSpiffeID', `spiffe://${name}/spire/server`],
      ...['-trustDomainBundlePath', path, '-trustDomainBundleFormat', 'spiffe'],
    ];
  };
  const authorities = (pem: string): number => pem.split('BEGIN CERTIFICATE').length - 1;

  it('each side holds the bundle of the other, and a new authority once it is published', async () => {
    const show = ['bundle', 'show', '-format', 'spiffe'];
    const our = await create(ourDomain, ports.ours, await ours.admin(...show), theirs.folder);
    const their = await create(theirDomain, ports.theirs, done(await spire(...show)), ours.folder);
    done(await spire(...our));
    await ours.admin(...their);

    await ours.admin('localauthority', 'x509', 'prepare');
    done(await spire('localauthority', 'x509', 'prepare'));
    done(await spire('federation', 'refresh', '-id', ourDomain));
    await ours.admin('federation', 'refresh', '--id', theirDomain);
    const [held, fetched] = [
      done(await spire('bundle', 'list', '-id', ourDomain)),
      await ours.admin('bundle', 'list', '--id', theirDomain),
    ];
    assert.deepEqual([authorities(held), authorities(fetched)], [2, 2]);
    assert.equal(held, await ours.admin('bundle', 'show'));
    assert.equal(fetched, done(await spire('bundle', 'show')));
  });
});
