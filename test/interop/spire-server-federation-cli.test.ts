// The real spire-server command administers federation on our admin socket; what it prints is compared with what ours
// prints.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, type Finished } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { program } from './programs.js';

describe("the real spire-server command's federation commands on our admin socket", function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let spireServer: string | undefined;
  let files: Record<'pem' | 'spiffe' | 'relationships', string>;

  before(async function () {
    spireServer = program(this, 'spire-server');
    deployment = await Deployment.create();
    await deployment.startServer();
    const write = async (name: string, content: string): Promise<string> => {
      const path = join(deployment.folder, name);
      await writeFile(path, content);
      return path;
    };
    const pem = await deployment.admin('bundle', 'show');
    const document = await deployment.admin('bundle', 'show', '--format', 'spiffe');
    const relationship = {
      trustDomain: 'file.example',
      bundleEndpointURL: 'https://file.example/',
      bundleEndpointProfile: 'https_spiffe',
      endpointSPIFFEID: 'spiffe://file.example/endpoint',
      trustDomainBundle: JSON.parse(document) as unknown,
      trustDomainBundleFormat: 'spiffe',
    };
    files = {
      pem: await write('bundle.crt', pem),
      spiffe: await write('bundle.json', document),
      relationships: await write('relationships.json', JSON.stringify({ federationRelationships: [relationship] })),
    };
  });
  after(() => (spireServer === undefined ? undefined : deployment[Symbol.asyncDispose]()));

  const spire = (args: readonly string[]): Promise<Finished> =>
    new Child(spireServer ?? '', [...args, '-socketPath', deployment.adminSocket]).finished;

  /** Each undone by the command after it, so that both programs find the same. */
  const scripts = (): (readonly string[])[] => [
    ['bundle', 'count'],
    ['bundle', 'list'],
    ['federation', 'list'],
    ['bundle', 'set', '-id', 'spiffe://pem.example', '-path', files.pem],
    ['bundle', 'set', '-id', 'spiffe://json.example', '-path', files.spiffe, '-format', 'spiffe'],
    ['bundle', 'set', '-id', 'spiffe://example.org', '-path', files.pem],
    ['bundle', 'count'],
    ['bundle', 'list'],
    ['bundle', 'list', '-format', 'spiffe'],
    ['bundle', 'list', '-id', 'spiffe://json.example', '-format', 'spiffe'],
    ['bundle', 'list', '-id', 'spiffe://pem.example'],
    ['bundle', 'list', '-id', 'spiffe://none.example'],
    ['bundle', 'delete', '-id', 'spiffe://pem.example', '-mode', 'delete'],
    ['bundle', 'delete', '-id', 'spiffe://pem.example'],
    ['bundle', 'delete', '-id', 'spiffe://example.org'],
    [
      ...['federation', 'create', '-trustDomain', 'web.example', '-bundleEndpointProfile', 'https_web'],
      ...['-bundleEndpointURL', 'https://web.example/bundle'],
    ],
    [
      ...['federation', 'create', '-trustDomain', 'spiffe.example', '-bundleEndpointProfile', 'https_spiffe'],
      ...['-bundleEndpointURL', 'https://127.0.0.1:1/', '-endpointSpiffeID', 'spiffe://spiffe.example/endpoint'],
      ...['-trustDomainBundlePath', files.pem],
    ],
    ['federation', 'create', '-data', files.relationships],
    [
      ...['federation', 'create', '-trustDomain', 'web.example', '-bundleEndpointProfile', 'https_web'],
      ...['-bundleEndpointURL', 'https://web.example/bundle'],
    ],
    [
      ...['federation', 'create', '-trustDomain', 'example.org', '-bundleEndpointProfile', 'https_web'],
      ...['-bundleEndpointURL', 'https://web.example/bundle'],
    ],
    ['federation', 'list'],
    ['federation', 'show', '-trustDomain', 'web.example'],
    ['federation', 'show', '-trustDomain', 'spiffe.example'],
    ['federation', 'show', '-trustDomain', 'none.example'],
    [
      ...['federation', 'update', '-trustDomain', 'web.example', '-bundleEndpointProfile', 'https_web'],
      ...['-bundleEndpointURL', 'https://web.example:8443/'],
    ],
    [
      ...['federation', 'update', '-trustDomain', 'none.example', '-bundleEndpointProfile', 'https_web'],
      ...['-bundleEndpointURL', 'https://web.example:8443/'],
    ],
    ['federation', 'refresh', '-id', 'spiffe.example'],
    ['federation', 'refresh', '-id', 'none.example'],
    ['federation', 'delete', '-id', 'web.example'],
    ['federation', 'delete', '-id', 'web.example'],
    ['federation', 'delete', '-id', 'spiffe://spiffe.example'],
    ['federation', 'delete', '-id', 'file.example'],
    ...['spiffe', 'file', 'json'].map((name) => ['bundle', 'delete', '-id', `spiffe://${name}.example`]),
    ['bundle', 'list'],
  ];

  for (const output of [[], ['-output', 'json']]) {
    it(`prints what ours prints ${output.join(' ')}`, async () => {
      const runs: Finished[][] = [];
      for (const run of [spire, (args: readonly string[]) => deployment.server(...args)]) {
        const answers: Finished[] = [];
        for (const script of scripts()) answers.push(await run([...script, ...output]));
        runs.push(answers);
      }
      const [theirs = [], ours = []] = runs;
      for (const [index, script] of scripts().entries()) {
        const [their, our] = [theirs[index], ours[index]];
        const title = script.join(' ');
        assert.deepEqual([our?.stdout, our?.stderr], [their?.stdout, their?.stderr], title);
        // A failed item fails our command with JSON too (docs/spire-compatibility.md).
        if (/"code":[1-9]/.test(our?.stdout ?? '')) assert.deepEqual([our?.code, their?.code], [1, 0], title);
        else assert.equal(our?.code, their?.code, title);
      }
    });
  }
});
