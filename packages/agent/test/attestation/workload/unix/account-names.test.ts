import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AccountNames, parseAccountNames } from '../../../../dist/attestation/workload/unix/account-names.js';
import { temporaryFolder } from '../../../support/endpoint.js';

const cases: readonly { name: string; text: string; expected: readonly (readonly [number, string])[] }[] = [
  {
    name: 'users',
    text: 'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/:/bin/sh\n',
    expected: [
      [0, 'root'],
      [1000, 'web'],
    ],
  },
  {
    name: 'groups',
    text: 'root:x:0:\nadm:*:4:a,b\n',
    expected: [
      [0, 'root'],
      [4, 'adm'],
    ],
  },
  { name: 'the first of two names of one number', text: 'one:x:7:\ntwo:x:7:\n', expected: [[7, 'one']] },
  { name: 'the largest number', text: 'last:x:4294967295:\n', expected: [[4294967295, 'last']] },
  { name: 'no comments and no instructions', text: '# a:x:1:\n+b:x:2:\n-c:x:3:\n+\n', expected: [] },
  { name: 'no line without a usable number', text: 'a:x::\nb:x:-1:\nc:x:1e3:\nd:x: 4:\ne\n:x:5:\n\n', expected: [] },
  { name: 'nothing in an empty file', text: '', expected: [] },
];

describe('account names (passwd(5), group(5))', () => {
  for (const { name, text, expected } of cases) {
    it(`are ${name}`, () => {
      assert.deepEqual([...parseAccountNames(text)], expected);
    });
  }

  describe('of a file', () => {
    let folder: string;
    let path: string;

    beforeEach(async () => {
      folder = await temporaryFolder();
      path = join(folder, 'passwd');
    });

    afterEach(async () => {
      await rm(folder, { recursive: true, force: true });
    });

    it('follow its changes', async () => {
      const names = new AccountNames(path);
      await writeFile(path, 'one:x:7:7::/:/bin/sh\n');
      assert.equal(names.nameOf(7), 'one');
      await writeFile(path, 'two:x:7:7::/:/bin/sh\n');
      assert.equal(names.nameOf(7), 'two');
      assert.equal(names.nameOf(8), undefined);
    });

    it('are an error while it cannot be read, and not unknown', async () => {
      await writeFile(path, 'one:x:7:7::/:/bin/sh\n');
      assert.equal(new AccountNames(path).nameOf(7), 'one');
      assert.throws(() => new AccountNames(folder).nameOf(7), { code: 'EISDIR' });
      assert.throws(() => new AccountNames(join(path, 'passwd')).nameOf(7), { code: 'ENOTDIR' });
    });

    it('are unknown while it is missing', async () => {
      const names = new AccountNames(path);
      assert.equal(names.nameOf(7), undefined);
      await writeFile(path, 'one:x:7:7::/:/bin/sh\n');
      assert.equal(names.nameOf(7), 'one');
      await rm(path);
      assert.equal(names.nameOf(7), undefined);
    });
  });
});
