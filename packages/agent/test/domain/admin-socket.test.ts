import assert from 'node:assert/strict';
import { checkAdminSocket } from '../../dist/domain/admin-socket.js';

describe('the path of the admin socket', () => {
  const publicSocket = '/run/agent/public/api.sock';

  for (const path of ['/run/agent/private/admin.sock', '/run/agent/admin.sock', '/run/agent/public2/admin.sock']) {
    it(`may be ${path}`, () => {
      checkAdminSocket(path, publicSocket);
    });
  }

  for (const path of ['/run/agent/public/admin.sock', '/run/agent/public/deep/er/admin.sock', publicSocket]) {
    it(`may not be ${path}, which workloads are given`, () => {
      assert.throws(
        () => {
          checkAdminSocket(path, publicSocket);
        },
        { code: 'ERR_CONFIG', message: /^admin_socket_path: .* is in \/run\/agent\/public, where socket_path is;/ },
      );
    });
  }
});
