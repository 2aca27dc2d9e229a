import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Certificate } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import { parseImageReference } from '../../../../dist/attestation/workload/sigstore/image-reference.js';
import { Repository } from '../../../../dist/attestation/workload/sigstore/repository.js';
import { temporaryFolder } from '../../../support/endpoint.js';
import { FakeRegistry, imageDigest } from '../../../support/fake-registry.js';
import { credentials } from '../../../support/repository-refusal.js';

const { signal } = new AbortController();
const access = { credentials, insecureRegistries: [] };
// subjectAltName: the IP address 127.0.0.1.
const addressExtension = { oid: '2.5.29.17', critical: false, value: Buffer.from('300687047f000001', 'hex') };
const file = (name: string): string =>
  new URL(`../../../../dist/attestation/workload/sigstore/${name}.js`, import.meta.url).href;

// Reads a tag as an agent does to whom the operator gave NODE_EXTRA_CA_CERTS, and prints what became of it.
const program = `
  import { parseImageReference } from ${JSON.stringify(file('image-reference'))};
  import { Repository } from ${JSON.stringify(file('repository'))};
  const [image, tag] = process.argv.slice(1);
  const signal = AbortSignal.timeout(15_000);
  const repository = new Repository(parseImageReference(image), ${JSON.stringify(access)}, signal);
  const done = await repository.layers(tag).then((layers) => \`\${layers.length} layers\`, (error) => error.message);
  process.stdout.write(done);
`;

describe('a registry over TLS', () => {
  let server: Server;
  let plain: FakeRegistry;
  let folder: string;
  let image: string;
  let seen: (string | undefined)[];

  const answer: RequestListener = ({ url = '', headers }, response) => {
    seen.push(headers.authorization);
    if (url.endsWith('/moved')) response.writeHead(307, { location: `http://${plain.host}/` }).end();
    else if (url.endsWith('/realm')) {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${plain.host}/"` }).end();
    } else response.writeHead(200).end('{"layers":[]}');
  };

  before(async () => {
    const ca = await TestCa.create('registry.invalid', { uris: [] });
    const { chain, privateKey } = await ca.credential('/registry', { uris: [], extraExtensions: [addressExtension] });
    const cert = chain.map((der) => Certificate.parse(der).toPem()).join('');
    server = createServer({ cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) }, answer);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    plain = await FakeRegistry.start();
    folder = await temporaryFolder();
    await writeFile(join(folder, 'ca.pem'), ca.certificate.toPem());
    // This machine by a name that is not known for it.
    image = `127.1:${(server.address() as AddressInfo).port}/app@${imageDigest}`;
  });

  beforeEach(() => {
    seen = [];
  });

  after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await plain[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function read(tag: string, env: NodeJS.ProcessEnv): Promise<string> {
    const args = ['--input-type=module', '--eval', program, image, tag];
    return (await promisify(execFile)(process.execPath, args, { env })).stdout;
  }

  const trusting = (): NodeJS.ProcessEnv => ({ NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') });

  it('is read when a root that the agent knows vouches for it', async () => {
    assert.equal(await read('tag', trusting()), '0 layers');
    assert.deepEqual(seen, [undefined]);
  });

  it('is told nothing when none does, whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    assert.equal(await read('tag', { NODE_TLS_REJECT_UNAUTHORIZED: '0' }), 'unable to verify the first certificate');
    assert.deepEqual(seen, []);
  });

  for (const tag of ['moved', 'realm']) {
    it(`leads nobody away from TLS, not even to this machine (${tag})`, async () => {
      assert.equal(
        await read(tag, trusting()),
        `http://${plain.host} is not reached over TLS; insecure_registries does not name it`,
      );
      assert.deepEqual(seen, [undefined]);
      assert.deepEqual(plain.requests, []);
    });
  }

  it('is not asked without', async () => {
    const { port } = new URL(`http://${plain.host}`);
    const repository = new Repository(parseImageReference(`127.1:${port}/app@${imageDigest}`), access, signal);
    await assert.rejects(repository.layers('tag'));
    assert.deepEqual(plain.requests, []);
  });
});
