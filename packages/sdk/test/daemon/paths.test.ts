import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { clientSocket, defaultAgentAdminSocket, defaultPaths, type Terminal } from '@credence/sdk/daemon';

function terminal(env: Terminal['env'], uid = 1000): Terminal {
  return { out: () => undefined, err: () => undefined, readInput: () => Promise.resolve(''), env, uid };
}

describe('defaultPaths', () => {
  const cases = [
    { daemon: 'server', uid: 0, env: {}, data: '/var/lib/credence/server', socket: '/run/credence/server/admin.sock' },
    {
      daemon: 'agent',
      uid: 0,
      env: { XDG_RUNTIME_DIR: '/x' },
      data: '/var/lib/credence/agent',
      socket: '/run/credence/agent/public/api.sock',
    },
    {
      daemon: 'agent',
      uid: 7,
      env: { XDG_RUNTIME_DIR: '/run/user/7' },
      data: resolve('.credence/agent'),
      socket: '/run/user/7/credence/agent/public/api.sock',
    },
    {
      daemon: 'server',
      uid: 7,
      env: {},
      data: resolve('.credence/server'),
      socket: resolve('.credence/server/admin.sock'),
    },
    {
      daemon: 'server',
      uid: 7,
      env: { XDG_RUNTIME_DIR: 'relative' },
      data: resolve('.credence/server'),
      socket: resolve('.credence/server/admin.sock'),
    },
  ] as const;
  for (const { daemon, uid, env, data, socket } of cases) {
    it(`puts the ${daemon} of user ${uid} with ${JSON.stringify(env)} at ${socket}`, () => {
      assert.deepEqual(defaultPaths(daemon, { uid, env }), { dataDirectory: data, socket });
    });
  }

  it("puts the agent's admin socket beside the folder of its public one", () => {
    assert.equal(defaultAgentAdminSocket({ uid: 0, env: {} }), '/run/credence/agent/private/admin.sock');
    assert.equal(
      defaultAgentAdminSocket({ uid: 7, env: { XDG_RUNTIME_DIR: '/run/user/7' } }),
      '/run/user/7/credence/agent/private/admin.sock',
    );
    assert.equal(defaultAgentAdminSocket({ uid: 7, env: {} }), resolve('.credence/agent/private/admin.sock'));
  });
});

describe('clientSocket', () => {
  const env = { CREDENCE_SERVER_SOCKET: '/env.sock', CREDENCE_SERVER_SOCKET_TEMPLATE: '/%i/admin.sock' };
  const none = { socketPath: undefined, instance: undefined };

  it('prefers the flag, then the instance, then the environment, then the default', () => {
    assert.equal(clientSocket('server', { socketPath: '/flag.sock', instance: 'a' }, terminal(env)), '/flag.sock');
    assert.equal(clientSocket('server', { ...none, instance: 'a' }, terminal(env)), '/a/admin.sock');
    assert.equal(clientSocket('server', none, terminal(env)), '/env.sock');
    assert.equal(clientSocket('server', none, terminal({}, 0)), '/run/credence/server/admin.sock');
  });

  it('keeps the variables of the two daemons apart', () => {
    assert.equal(
      clientSocket('agent', none, terminal({ ...env, CREDENCE_AGENT_SOCKET: '/agent.sock' })),
      '/agent.sock',
    );
  });

  for (const template of [undefined, '/no-user.sock']) {
    it(`refuses an instance when the template is ${String(template)}`, () => {
      assert.throws(
        () =>
          clientSocket('server', { ...none, instance: 'a' }, terminal({ CREDENCE_SERVER_SOCKET_TEMPLATE: template })),
        /CREDENCE_SERVER_SOCKET_TEMPLATE to be a path that holds %i/,
      );
    });
  }
});
