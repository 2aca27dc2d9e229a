import assert from 'node:assert/strict';
import { createPublicKey, sign, verify } from 'node:crypto';
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskKeyManager } from '../../dist/keys/disk-key-manager.js';
import type { KeyManager } from '../../dist/keys/key-manager.js';
import { MemoryKeyManager } from '../../dist/keys/memory-key-manager.js';

let folder = '';

function useTemporaryFolder(): void {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-keys-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });
}

const directory = (): string => join(folder, 'keys');
const file = (): string => join(directory(), 'keys.json');
const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

const managers: { name: string; open: () => Promise<KeyManager> }[] = [
  { name: 'MemoryKeyManager', open: () => Promise.resolve(new MemoryKeyManager()) },
  { name: 'DiskKeyManager', open: () => DiskKeyManager.open(file()) },
];

for (const { name, open } of managers) {
  describe(`KeyManager contract: ${name}`, () => {
    useTemporaryFolder();

    it('holds nothing at first', async () => {
      const keys = await open();
      assert.deepEqual(keys.list(), []);
      assert.equal(keys.get('x509-CA-A'), undefined);
    });

    it('answers the key it made under its ID', async () => {
      const keys = await open();
      const made = await keys.generate('x509-CA-A', 'ec-p256');
      assert.equal(made.id, 'x509-CA-A');
      assert.equal(made.privateKey.type, 'private');
      assert.ok(keys.get('x509-CA-A')?.privateKey.equals(made.privateKey));
    });

    it('makes keys that sign', async () => {
      const { privateKey } = await (await open()).generate('x509-CA-A', 'ec-p256');
      const data = Buffer.from('to be signed');
      assert.ok(verify('sha256', data, createPublicKey(privateKey), sign('sha256', data, privateKey)));
    });

    for (const [type, details] of [
      ['ec-p256', { namedCurve: 'prime256v1' }],
      ['ec-p384', { namedCurve: 'secp384r1' }],
      ['rsa-2048', { modulusLength: 2048, publicExponent: 65537n }],
    ] as const) {
      it(`makes a key of type ${type}`, async () => {
        const { privateKey } = await (await open()).generate('k', type);
        assert.deepEqual({ ...privateKey.asymmetricKeyDetails }, details);
      });
    }

    it('replaces the key of the same ID and leaves the others alone', async () => {
      const keys = await open();
      const other = await keys.generate('x509-CA-B', 'ec-p256');
      const first = await keys.generate('x509-CA-A', 'ec-p256');
      const second = await keys.generate('x509-CA-A', 'ec-p256');
      assert.ok(!second.privateKey.equals(first.privateKey));
      assert.ok(keys.get('x509-CA-A')?.privateKey.equals(second.privateKey));
      assert.ok(keys.get('x509-CA-B')?.privateKey.equals(other.privateKey));
      assert.equal(keys.list().length, 2);
    });

    it('loses none of the keys that are made at the same time', async () => {
      const keys = await open();
      const ids = Array.from({ length: 10 }, (_, index) => `key-${index}`);
      await Promise.all(ids.map((id) => keys.generate(id, 'ec-p256')));
      assert.deepEqual(
        keys
          .list()
          .map(({ id }) => id)
          .sort(),
        ids,
      );
    });
  });
}

describe('DiskKeyManager', () => {
  useTemporaryFolder();

  it('finds its keys again', async () => {
    const made = await (await DiskKeyManager.open(file())).generate('x509-CA-A', 'ec-p384');
    const again = await DiskKeyManager.open(file());
    assert.ok(again.get('x509-CA-A')?.privateKey.equals(made.privateKey));
  });

  it('keeps PKCS#8 in base64 under the key IDs', async () => {
    const { privateKey } = await (await DiskKeyManager.open(file())).generate('x509-CA-A', 'ec-p256');
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
    assert.deepEqual(JSON.parse(await readFile(file(), 'utf8')), { keys: { 'x509-CA-A': pkcs8 } });
  });

  for (const umask of [0o000, 0o022, 0o277]) {
    it(`has a file of mode 0600 in a directory of mode 0700, under umask 0${umask.toString(8)}, when made and rewritten`, async () => {
      const before = process.umask(umask);
      try {
        const keys = await DiskKeyManager.open(file());
        for (const id of ['a', 'b']) {
          await keys.generate(id, 'ec-p256');
          assert.deepEqual([await mode(file()), await mode(directory())], ['600', '700']);
        }
      } finally {
        process.umask(before);
      }
    });
  }

  it('narrows the mode of the file that it finds, and leaves the directory as it is', async () => {
    await (await DiskKeyManager.open(file())).generate('a', 'ec-p256');
    await chmod(file(), 0o644);
    await chmod(directory(), 0o755);
    await DiskKeyManager.open(file());
    assert.deepEqual([await mode(file()), await mode(directory())], ['600', '755']);
  });

  for (const open of [0o720, 0o702, 0o1777]) {
    it(`refuses a directory of mode 0${open.toString(8)}, where others could put a file of theirs`, async () => {
      await (await DiskKeyManager.open(file())).generate('a', 'ec-p256');
      await DiskKeyManager.open(file());
      await chmod(directory(), open);
      await assert.rejects(DiskKeyManager.open(file()), { code: 'ERR_KEYS', message: /another user can write to it/ });
    });
  }

  it('leaves nothing beside the file', async () => {
    await (await DiskKeyManager.open(file())).generate('a', 'ec-p256');
    assert.deepEqual(await readdir(directory()), ['keys.json']);
  });

  it('removes what a process that was killed while writing left behind', async () => {
    await (await DiskKeyManager.open(file())).generate('a', 'ec-p256');
    await writeFile(`${file()}.tmp`, 'part of a key');
    await DiskKeyManager.open(file());
    assert.deepEqual(await readdir(directory()), ['keys.json']);
  });

  it('keeps the old key when the new one cannot be written', async () => {
    const keys = await DiskKeyManager.open(file());
    const old = await keys.generate('a', 'ec-p256');
    await rm(directory(), { recursive: true });
    await assert.rejects(keys.generate('a', 'ec-p256'), { code: 'ERR_KEYS' });
    assert.ok(keys.get('a')?.privateKey.equals(old.privateKey));
  });

  const secret = Buffer.from('a very private key').toString('base64');
  const damages: { name: string; text: string; message: RegExp }[] = [
    { name: 'an empty file', text: '', message: /is not JSON/ },
    { name: 'a file cut short', text: `{"keys":{"a":"${secret}`, message: /is not JSON/ },
    { name: 'an array', text: '[]', message: /the one member "keys"/ },
    { name: 'null', text: 'null', message: /the one member "keys"/ },
    { name: 'no keys', text: '{}', message: /the one member "keys"/ },
    { name: 'an unknown member', text: '{"keys":{},"version":2}', message: /the one member "keys"/ },
    { name: 'an array of keys', text: '{"keys":[]}', message: /the one member "keys"/ },
    { name: 'a key that is no text', text: '{"keys":{"a":1}}', message: /base64 under key ID "a"/ },
    { name: 'a key that is not base64', text: '{"keys":{"a":"?"}}', message: /base64 under key ID "a"/ },
    {
      name: 'a key that is not PKCS#8',
      text: `{"keys":{"a":"${secret}"}}`,
      message: /PKCS#8 private key under key ID "a"/,
    },
  ];
  for (const { name, text, message } of damages) {
    it(`refuses ${name}, leaves it as it is, and does not quote it`, async () => {
      await (await DiskKeyManager.open(file())).generate('a', 'ec-p256');
      await DiskKeyManager.open(file());
      await writeFile(file(), text);
      await assert.rejects(DiskKeyManager.open(file()), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'ERR_KEYS');
        assert.match(error.message, message);
        assert.ok(!error.message.includes(secret));
        return true;
      });
      assert.equal(await readFile(file(), 'utf8'), text);
    });
  }

  it('says so when the directory cannot be made', async () => {
    await writeFile(join(folder, 'a-file'), '');
    await assert.rejects(DiskKeyManager.open(join(folder, 'a-file', 'keys.json')), { code: 'ERR_KEYS' });
  });
});
