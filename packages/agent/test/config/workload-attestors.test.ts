import assert from 'node:assert/strict';
import { withFile } from '../../../sdk/dist-test/support/config-file.js';
import { loadAgentConfig } from '../../dist/config/agent-config.js';
import type { AgentSettings } from '../../dist/settings.js';

function load(attestors: string, env: Readonly<Record<string, string>> = {}): Promise<AgentSettings> {
  return withFile(`plugins: { WorkloadAttestor: ${attestors} }`, async (config) => {
    const flags = { config, trustDomain: 'example.org', serverAddress: '127.0.0.1' };
    const paths = { dataDirectory: '/data', socket: '/run/agent/public/api.sock' };
    const { settings } = await loadAgentConfig(flags, { paths, env, readInput: () => Promise.resolve('') });
    return settings;
  });
}

describe('the workload attestors in the configuration', () => {
  const docker = {
    dockerSocketPath: '/var/run/docker.sock',
    dockerVersion: undefined,
    podmanSocketPath: '/run/podman/podman.sock',
    podmanSocketPathTemplate: undefined,
    cgroupPatterns: [],
    verboseContainerLocatorLogs: false,
    sigstore: undefined,
  };
  for (const written of ['{ docker: }', '{ docker: { plugin_data: } }', '{ docker: { plugin_data: {} } }']) {
    it(`are docker with SPIRE's defaults: ${written}`, async () => {
      const { dockerAttestor, systemdAttestor } = await load(written);
      assert.deepEqual(dockerAttestor, docker);
      assert.equal(systemdAttestor, undefined);
    });
  }

  const keys: readonly { readonly written: string; readonly settings: object }[] = [
    { written: 'docker_socket_path: unix:///d.sock', settings: { dockerSocketPath: '/d.sock' } },
    { written: 'docker_version: "1.44"', settings: { dockerVersion: '1.44' } },
    { written: 'podman_socket_path: unix:///p.sock', settings: { podmanSocketPath: '/p.sock' } },
    { written: 'podman_socket_path_template: unix:///%d.sock', settings: {} },
    {
      written: 'use_rootless_podman: true',
      settings: { podmanSocketPathTemplate: '/run/user/%d/podman/podman.sock' },
    },
    {
      written: 'use_rootless_podman: true, podman_socket_path_template: unix:///%d.sock',
      settings: { podmanSocketPathTemplate: '/%d.sock' },
    },
    { written: 'use_new_container_locator: true, container_id_cgroup_matchers: []', settings: {} },
    { written: 'use_new_container_locator: false', settings: {} },
    { written: 'verbose_container_locator_logs: true', settings: { verboseContainerLocatorLogs: true } },
  ];
  for (const { written, settings } of keys) {
    it(`are docker with ${written}`, async () => {
      const { dockerAttestor } = await load(`{ docker: { plugin_data: { ${written} } } }`);
      assert.deepEqual(dockerAttestor, { ...docker, ...settings });
    });
  }

  it('are docker with patterns of control groups', async () => {
    const matchers = "['/docker/<id>', '/my.slice/*/<id>/*']";
    const keys = `use_new_container_locator: false, container_id_cgroup_matchers: ${matchers}`;
    const { dockerAttestor } = await load(`{ docker: { plugin_data: { ${keys} } } }`);
    assert.deepEqual(
      dockerAttestor?.cgroupPatterns.map(({ text }) => text),
      ['/docker/<id>', '/my.slice/*/<id>/*'],
    );
  });

  const older = 'use_new_container_locator: false, container_id_cgroup_matchers';
  const wrong: readonly { readonly written: string; readonly says: RegExp }[] = [
    { written: 'docker_socket_path: /var/run/docker.sock', says: /unix:\/\/\/var\/run\/docker.sock is accepted/ },
    { written: 'docker_socket_path: "tcp://127.0.0.1:2375"', says: /not the URL of a Unix socket/ },
    { written: 'podman_socket_path: unix://p.sock', says: /not the URL of a Unix socket/ },
    { written: 'podman_socket_path_template: unix:///p.sock', says: /with one %d/ },
    { written: 'podman_socket_path_template: unix:///%d/%d', says: /with one %d/ },
    { written: 'podman_socket_path_template: unix:///%s', says: /with one %d/ },
    { written: 'docker_version: v1', says: /1\.44 is accepted/ },
    {
      written: "container_id_cgroup_matchers: ['/docker/<id>']",
      says: /docker\.plugin_data\.container_id_cgroup_matchers: .*use_new_container_locator: false is accepted/,
    },
    {
      written: "use_new_container_locator: true, container_id_cgroup_matchers: ['/docker/<id>']",
      says: /use_new_container_locator: false is accepted/,
    },
    {
      written: `${older}: ['/docker/<id>', '/x', '/*/<id>']`,
      says: /container_id_cgroup_matchers\.1: "\/x" does not have <id> exactly once; \/docker\/<id> is accepted/,
    },
    {
      written: `${older}: ['/x/<id>', '/docker/<id>', '/*/*/<id>', '/*/<id>', '/docker/<id>']`,
      says: /container_id_cgroup_matchers: "\/x\/<id>" and "\/\*\/<id>" may match the same path/,
    },
    { written: 'use_new_container_locator: 1', says: /use_new_container_locator/ },
    { written: 'verbose_container_locator_logs: 1', says: /verbose_container_locator_logs/ },
  ];
  for (const { written, says } of wrong) {
    it(`are refused with ${written}`, async () => {
      await assert.rejects(load(`{ docker: { plugin_data: { ${written} } } }`), says);
    });
  }

  it('are systemd on the system bus, or on the one that the environment names', async () => {
    const path = async (env: Readonly<Record<string, string>>): Promise<string | undefined> =>
      (await load('{ systemd: }', env)).systemdAttestor?.busSocketPath;
    assert.equal(await path({}), '/var/run/dbus/system_bus_socket');
    assert.equal(await path({ DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/bus' }), '/bus');
    const guid = '0123456789abcdef'.repeat(2);
    assert.equal(await path({ DBUS_SYSTEM_BUS_ADDRESS: `unix:path=/bus,guid=${guid}` }), '/bus');
    for (const address of ['tcp:host=127.0.0.1,port=1', 'unix:abstract=/x', 'unix:path=/a;unix:path=/b', '']) {
      await assert.rejects(path({ DBUS_SYSTEM_BUS_ADDRESS: address }), { code: 'ERR_USAGE' });
    }
    assert.equal((await load('{}', { DBUS_SYSTEM_BUS_ADDRESS: 'x' })).systemdAttestor, undefined);
  });
});
