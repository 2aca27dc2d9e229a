// The real spire-server command withdraws the root above our server's old authority; what it prints is what ours prints.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportPrivateKey } from '@credence/sdk/keys';
import { TestCa } from '@credence/sdk/testing';
import { toPem } from '@credence/sdk/x509';
import { Child, type Finished } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { endOf, program } from './programs.js';

describe('the real spire-server command on a server below a corporate root', function () {
  let deployment: Deployment;
  let spireServer: string;
  const file = (name: string): string => join(deployment.folder, name);
  const install = async (): Promise<string> => {
    const root = await TestCa.create('corp.test', { uris: [] });
    await writeFile(file('key'), toPem(exportPrivateKey(root.key), 'PRIVATE KEY'), { mode: 0o600 });
    await writeFile(file('certificate'), root.certificate.toPem());
    return root.certificate.subjectKeyId!.toString('hex');
  };

  before(async function () {
    deployment = await Deployment.create();
    spireServer = program(this, 'spire-server');
  });
  after(() => endOf(deployment));

  it('taints and revokes as ours does, and is refused with the same words', async () => {
    let active = await install();
    const disk = { cert_file_path: file('certificate'), key_file_path: file('key') };
    await deployment.startServer({ plugins: { UpstreamAuthority: { disk: { plugin_data: disk } } } });
    const run = (tool: 'theirs' | 'ours', ...args: string[]): Promise<Finished> =>
      tool === 'ours'
        ? deployment.server(...args)
        : new Child(spireServer, [...args, '-socketPath', deployment.adminSocket]).finished;
    const told: string[][] = [];
    for (const tool of ['theirs', 'ours'] as const) {
      const said: string[] = [];
      const withdraw = async (verb: string, id: string, ...flags: string[]): Promise<void> => {
        const { code, stdout, stderr } = await run(tool, 'upstreamauthority', verb, '-subjectKeyID', id, ...flags);
        said.push(`${String(code)} ${stdout}${stderr}`.replaceAll(id, 'ID'));
      };
      const old = active;
      await withdraw('taint', old);
      active = await install();
      const { stdout } = await run(tool, 'localauthority', 'x509', 'prepare');
      const prepared = /Authority ID: (\w+)/.exec(stdout)?.[1] ?? assert.fail(stdout);
      await withdraw('taint', active);
      await run(tool, 'localauthority', 'x509', 'activate', '-authorityID', prepared);
      await withdraw('revoke', old);
      await withdraw('taint', old);
      await withdraw('taint', old);
      await withdraw('revoke', old, '-output', 'json');
      told.push(said);
    }
    assert.deepEqual(told[1], told[0]);
    assert.deepEqual(
      told[0]!.map((line) => line.slice(0, 1)),
      ['1', '1', '1', '0', '1', '0'],
    );
    assert.equal(told[0]![5], '0 {"upstream_authority_subject_key_id":"ID"}\n');
  });
});
