// The real spire-server command administers federation on our admin socket; what it prints is compared with what ours
// prints.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, type Finished } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { endOf, program } from './programs.js';
import { assertSame, federationScript, type FederationFiles } from './server-scripts.js';

describe("the real spire-server command's federation commands on our admin socket", function () {
  this.timeout(120_000);
  let deployment: Deployment;
  let spireServer: string | undefined;
  let files: FederationFiles;

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
  after(() => endOf(deployment));

  const spire = (args: readonly string[]): Promise<Finished> =>
    new Child(spireServer ?? '', [...args, '-socketPath', deployment.adminSocket]).finished;

  for (const output of [[], ['-output', 'json']]) {
    it(`prints what ours prints ${output.join(' ')}`, async () => {
      const runs: Finished[][] = [];
      for (const run of [spire, (args: readonly string[]) => deployment.server(...args)]) {
        const answers: Finished[] = [];
        for (const script of federationScript(files)) answers.push(await run([...script, ...output]));
        runs.push(answers);
      }
      const [theirs = [], ours = []] = runs;
      for (const [index, script] of federationScript(files).entries()) {
        const [their, our] = [theirs[index], ours[index]];
        assertSame(our!, their!, script.join(' '));
      }
    });
  }
});
