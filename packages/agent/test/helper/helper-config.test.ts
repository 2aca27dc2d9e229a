import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { loadHelperConfig, type HelperConfig } from '../../dist/helper/helper-config.js';
import { temporaryDirectory } from '../../../sdk/dist-test/support/temporary-directory.js';

const terminal = { env: {}, uid: 0 };
const load = (flags: Parameters<typeof loadHelperConfig>[0], env = {}): Promise<HelperConfig> =>
  loadHelperConfig(flags, { ...terminal, env });

async function fromFile(text: string, flags: Parameters<typeof loadHelperConfig>[0] = {}): Promise<HelperConfig> {
  await using folder = await temporaryDirectory();
  const config = join(folder.path, 'helper.yaml');
  await writeFile(config, text);
  return await load({ ...flags, config });
}

describe('the configuration of helper', () => {
  it('needs a folder only', async () => {
    const { settings, log } = await load({ certDir: '/etc/svid' });
    assert.deepEqual(settings, {
      address: 'unix:///run/credence/agent/public/api.sock',
      hint: undefined,
      directory: { path: '/etc/svid', owner: undefined, group: undefined },
      files: {
        certificates: 'svid.pem',
        key: 'svid_key.pem',
        bundle: 'svid_bundle.pem',
        certificateMode: 0o644,
        keyMode: 0o600,
      },
      renewal: { command: undefined, pidFile: undefined, signal: undefined },
      metricsFile: undefined,
    });
    assert.equal(log.level, 'info');
  });

  it('reads the keys of spiffe-helper, and flags count before the file', async () => {
    const { settings } = await fromFile(
      `agent_address: /run/spire/agent.sock
cert_dir: /etc/svid
svid_file_name: tls.crt
svid_key_file_name: tls.key
svid_bundle_file_name: ca.crt
key_file_mode: "0640"
file_owner: root
file_group: 7
cmd: /usr/sbin/nginx
cmd_args: [-s, reload]
pid_file_name: /run/nginx.pid
renew_signal: HUP
`,
      { svidFileName: 'other.crt', cmdArgs: ['-t'] },
    );
    assert.equal(settings.address, 'unix:///run/spire/agent.sock');
    assert.deepEqual(settings.directory, { path: '/etc/svid', owner: 0, group: 7 });
    assert.deepEqual(
      [settings.files.certificates, settings.files.key, settings.files.keyMode],
      ['other.crt', 'tls.key', 0o640],
    );
    assert.deepEqual(settings.renewal, {
      command: ['/usr/sbin/nginx', '-t'],
      pidFile: '/run/nginx.pid',
      signal: 'SIGHUP',
    });
  });

  for (const { given, env, address } of [
    { given: undefined, env: { SPIFFE_ENDPOINT_SOCKET: 'unix:///env.sock' }, address: 'unix:///env.sock' },
    { given: '/flag.sock', env: { SPIFFE_ENDPOINT_SOCKET: 'unix:///env.sock' }, address: 'unix:///flag.sock' },
    { given: '/a b/100%.sock', env: {}, address: 'unix:///a%20b/100%25.sock' },
    { given: 'tcp://127.0.0.1:8000', env: {}, address: 'tcp://127.0.0.1:8000' },
  ]) {
    it(`finds the Workload API at ${address}`, async () => {
      const flags = { certDir: '/etc/svid', ...(given === undefined ? {} : { socketPath: given }) };
      const { settings } = await load(flags, env);
      assert.equal(settings.address, address);
    });
  }

  for (const { flags, says } of [
    { flags: {}, says: /--cert-dir is required/ },
    { flags: { certDir: '/d', svidFileName: '../x' }, says: /--svid-file-name: not the name of a file/ },
    { flags: { certDir: '/d', svidFileName: 'svid_key.pem' }, says: /need three file names/ },
    { flags: { certDir: '/d', keyFileMode: '0644' }, says: /--key-file-mode: lets everybody read the key/ },
    { flags: { certDir: '/d', certFileMode: '9' }, says: /--cert-file-mode: not permissions/ },
    { flags: { certDir: '/d', renewSignal: 'SIGNONE' }, says: /--renew-signal: not a signal; SIGHUP/ },
    { flags: { certDir: '/d', renewSignal: 'SIGHUP' }, says: /renew_signal needs pid_file_name or cmd/ },
    { flags: { certDir: '/d', pidFileName: '/p' }, says: /pid_file_name needs renew_signal/ },
    { flags: { certDir: '/d', cmdArgs: ['x'] }, says: /cmd_args needs cmd/ },
    { flags: { certDir: '/d', fileOwner: 'nobody-of-that-name' }, says: /user "nobody-of-that-name" is not in/ },
  ]) {
    it(`refuses ${JSON.stringify(flags)}`, async () => {
      await load({ certDir: '/d' });
      await assert.rejects(load(flags), { code: 'ERR_USAGE', message: says });
    });
  }

  it('names a key that it does not know', async () => {
    await fromFile('cert_dir: /d');
    await assert.rejects(fromFile('cert_dir: /d\ncmd_arg: x'), {
      code: 'ERR_CONFIG',
      message: /unknown key "cmd_arg".*cmd_args/,
    });
  });
});
