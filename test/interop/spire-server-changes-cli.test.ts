// The real spire-server command changes entries and agents and mints SVIDs on our server; what it prints is compared
// with what ours prints. Every command whose RPC our server has is compared by one of these tests.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, type Finished } from '../support/child.js';
import { Deployment, trustDomain } from '../support/deployment.js';
import { spireServerCommands } from '../support/spire-commands.js';
import { endOf, program } from './programs.js';
import { assertSame, changesScript, federationScript, questions, type EntryFiles } from './server-scripts.js';

describe('the real spire-server command changes what our server has', function () {
  this.timeout(180_000);
  let deployment: Deployment;
  let spireServer: string;
  let files: EntryFiles;

  before(async function () {
    spireServer = program(this, 'spire-server');
    deployment = await Deployment.create();
    await deployment.startServer();
    const entry = {
      ...{ entry_id: 'data', spiffe_id: 'spiffe://example.org/data', parent_id: 'spiffe://example.org/agent' },
      ...{ selectors: [{ type: 'unix', value: 'uid:9' }], x509_svid_ttl: 70, dns_names: ['d.example.org'] },
    };
    files = { entries: join(deployment.folder, 'entries.json'), ids: join(deployment.folder, 'ids.json') };
    await writeFile(files.entries, JSON.stringify({ entries: [entry] }));
    await writeFile(files.ids, JSON.stringify({ ids: ['data', 'nodes', 'no-such-entry'] }));
  });
  after(() => endOf(deployment));

  const theirs = (args: readonly string[]): Promise<Finished> =>
    new Child(spireServer, [...args, '-socketPath', deployment.adminSocket]).finished;
  const ours = (args: readonly string[]): Promise<Finished> => deployment.server(...args);

  /** The ID of an agent that joined, and is gone. */
  async function joined(name: string): Promise<string> {
    const token = await deployment.generateToken('/alias');
    const flags = ['--join-token', token, '--trust-bundle', await deployment.writeBundle()];
    await (await deployment.startAgent({ name, token: false, flags })).stop();
    return `spiffe://${trustDomain}/spire/agent/join_token/${token}`;
  }

  /** What is not of the moment. */
  const shape = ({ code, stdout, stderr }: Finished, agentId: string): Finished => ({
    code,
    stdout: masked(stdout, agentId),
    // docs/spire-compatibility.md: theirs says so each time.
    stderr: masked(stderr, agentId).replace(/^\w+-SVID lifetime was capped .*\n/, ''),
  });

  for (const output of [[], ['-output', 'json']]) {
    it(`prints what ours prints ${output.join(' ')}`, async () => {
      const their = await joined(`theirs${String(output.length)}`);
      const answers: Finished[] = [];
      for (const script of changesScript(files, their))
        answers.push(shape(await theirs([...script, ...output]), their));
      assert.equal(answers[0]?.code, 0, answers[0]?.stderr);
      const our = await joined(`ours${String(output.length)}`);
      for (const [index, script] of changesScript(files, our).entries())
        assertSame(shape(await ours([...script, ...output]), our), answers[index]!, script.join(' '));
    });
  }

  it('is compared with ours for each of its commands', () => {
    const words = (script: readonly string[]): string => script.join(' ').replace(/ -.*/, '');
    const compared = new Set([
      ...[
        ...questions,
        ...changesScript(files, ''),
        ...federationScript({ pem: '', spiffe: '', relationships: '' }),
      ].map(words),
      ...['localauthority x509 prepare', 'localauthority jwt prepare', 'debug getinfo'], // spire-server-cli.test.ts
      'agent purge', // agent-purge.test.ts
      ...['run', 'validate'], // they ask no server
    ]);
    assert.deepEqual(
      Object.keys(spireServerCommands).filter((command) => !compared.has(command)),
      [],
    );
  });
});

function masked(text: string, agentId: string): string {
  return text
    .replaceAll(agentId, 'AGENT')
    .replaceAll(agentId.slice(`spiffe://${trustDomain}`.length), '/AGENT')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
    .replaceAll(/-----BEGIN ([A-Z ]+)-----[^-]+-----END/g, 'PEM $1')
    .replaceAll(/"M[\w+/=]{150,}"/g, '"DER"')
    .replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'JWT')
    .replaceAll(/("(?:created_at|expires_at|issued_at|x509svid_expires_at|x509svid_serial_number)":)"?\d+"?/g, '$1N')
    .replaceAll(/((?:Expiration time|Serial number|Created at) +: ).*/g, '$1N');
}
