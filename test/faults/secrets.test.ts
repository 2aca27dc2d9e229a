// No secret leaves by the log, an error or the process list, however much the daemons are asked to say.
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportPrivateKey } from '@credence/sdk/keys';
import { Admin } from '../support/admin.js';
import { Deployment } from '../support/deployment.js';
import { until } from '../support/until.js';
import { watchingWorkload } from '../support/watching-workload.js';

/** A secret in the forms in which it could slip out. */
function formsOf(secret: Buffer): readonly string[] {
  const inner = secret.subarray(secret.length >> 2, secret.length - (secret.length >> 2));
  return [...new Set([secret, inner].flatMap((bytes) => [bytes.toString('base64'), bytes.toString('hex')]))].concat(
    `[${[...inner].join(',')}]`,
    [...inner].join(','),
  );
}

async function keysIn(folder: string): Promise<readonly Buffer[]> {
  const text = await readFile(join(folder, 'keys.json'), 'utf8');
  const found = [...text.matchAll(/"([A-Za-z0-9+/=]{100,})"/g)].map(([, base64]) => Buffer.from(base64!, 'base64'));
  assert.ok(found.length > 0, 'keys.json holds no key that this test recognises');
  return found;
}

/** The command lines of all processes. */
async function processList(): Promise<string> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(lines)).join('\n').replaceAll('\0', ' ');
}

describe('secrets', () => {
  it('are in no log at level debug, no error and no process list', async () => {
    await using deployment = await Deployment.create();
    const debug = ['--log-level', 'debug'];
    const server = await deployment.startServer({ flags: debug });
    using admin = new Admin(deployment.adminSocket);
    const [unused, wrong] = [await deployment.generateToken('/other'), 'b7e23ec2-9af2-4a53-8f09-1c2d3e4f5a6b'];
    const spent = await deployment.generateToken();
    const bundle = await deployment.writeBundle();
    const tokenFlags = async (name: string, token: string): Promise<string[]> => {
      await writeFile(join(deployment.folder, name), token, { mode: 0o600 });
      return [...debug, '--join-token-file', join(deployment.folder, name), '--trust-bundle', bundle];
    };
    const agentFlags = await tokenFlags('token', spent);
    assert.ok(!server.stdout.includes(spent), 'the server tells a token before it is spent');
    const agent = await deployment.launchAgent({ token: false, flags: agentFlags });
    await deployment.createEntry('/web');
    using workload = await watchingWorkload(deployment.workloadSocket());
    const running = await processList();
    assert.ok(running.includes('--join-token-file'));

    const refused = await deployment.launchAgent({
      name: 'refused',
      token: false,
      flags: await tokenFlags('wrong', wrong),
    });
    const misuse = ['run', '--trust-domain', 'example.org', '--server-address', '127.0.0.1'];
    const ended = [
      await refused.finished,
      await deployment.agent(...misuse, '--join-token', `${wrong} ${unused}`),
      await deployment.agent(...misuse, `--join-tokn=${wrong}`),
      await deployment.agent(...misuse, '--join-token', wrong, '--join-token-file', '/nonexistent'),
      await deployment.agent('api', 'fetch', 'x509', '--socket-path', deployment.workloadSocket()),
      await deployment.server('agent', 'list', '--output', 'json'),
    ];
    assert.deepEqual(
      ended.map(({ code }) => code),
      [1, 2, 2, 2, 0, 0],
    );
    await admin.mint('/minted');
    await until('the log of the call', () => server.stdout.includes('MintX509SVID'));

    const svids = workload.updates.flatMap((update) => update.svids);
    assert.ok(svids.length > 0);
    const keys = [
      ...(await keysIn(deployment.serverDataDir)),
      ...(await keysIn(deployment.agentDataDir())),
      ...svids.map((svid) => exportPrivateKey(svid.privateKey)),
    ];
    const said = [server, agent, ...ended].map(({ stdout, stderr }) => `${stdout}\n${stderr}`);
    const places = [...said, running];
    // A spent token is no secret any more: it is the name of its agent.
    const ofAgent = `/spire/agent/join_token/${spent}`;
    for (const place of places.map((text) => text.replaceAll(ofAgent, ''))) {
      for (const secret of ['PRIVATE KEY', unused, wrong, spent, ...keys.flatMap(formsOf)]) {
        const at = place.indexOf(secret);
        assert.equal(at, -1, `${secret} in: ${place.slice(Math.max(0, at - 300), at + 100)}`);
      }
    }
  }).timeout(40_000);
});
