import assert from 'node:assert/strict';
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { claimAdminSocket } from '../../../dist/endpoints/admin/claim-admin-socket.js';
import { temporaryFolder } from '../../support/endpoint.js';

describe('claiming the admin socket', () => {
  let folder: string;
  let publicSocket: string;

  beforeEach(async () => {
    folder = await temporaryFolder();
    publicSocket = join(folder, 'public', 'api.sock');
    await mkdir(join(folder, 'public'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes its folder', async () => {
    const path = join(folder, 'private', 'admin.sock');
    await claimAdminSocket(path, publicSocket);
    await writeFile(path, ''); // the folder is there
  });

  it('is refused when a symbolic link leads to the folder of the public socket', async () => {
    await symlink(join(folder, 'public'), join(folder, 'private'));
    await assert.rejects(claimAdminSocket(join(folder, 'private', 'admin.sock'), publicSocket), {
      code: 'ERR_CONFIG',
    });
  });
});
