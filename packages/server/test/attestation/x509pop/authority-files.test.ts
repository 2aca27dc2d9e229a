import assert from 'node:assert/strict';
import { rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestCa } from '@credence/sdk/testing';
import { AuthorityFiles } from '../../../dist/attestation/x509pop/authority-files.js';
import { RecordingLogger } from '../../ca/support/recording-logger.js';
import { temporaryDirectory } from '../../datastore/fixtures.js';

describe('the CA bundle of x509pop', () => {
  it('is read again when a file has changed; one that cannot be used changes nothing', async () => {
    await using folder = await temporaryDirectory();
    const log = new RecordingLogger();
    const [one, two, three] = await Promise.all(['one', 'two', 'three'].map((name) => TestCa.create(name)));
    const paths = ['a', 'b'].map((name) => join(folder.path, name));
    const [a = '', b = ''] = paths;
    await writeFile(a, one!.certificate.toPem());
    await assert.rejects(AuthorityFiles.open(paths, log), { code: 'ERR_CONFIG', message: /b cannot be used: ENOENT/ });
    await writeFile(b, two!.certificate.toPem());
    const files = await AuthorityFiles.open(paths, log);
    const held = async (): Promise<readonly Buffer[]> => (await files.authorities()).map(({ raw }) => raw);
    const raw = (...cas: (TestCa | undefined)[]): Buffer[] => cas.map((ca) => ca!.certificate.raw);
    assert.deepEqual(await held(), raw(one, two));

    await writeFile(`${a}.new`, three!.certificate.toPem());
    await rename(`${a}.new`, a);
    assert.deepEqual(await held(), raw(three, two));
    assert.equal(log.messages('info').length, 1);

    for (const spoil of [() => writeFile(b, 'no certificate'), () => unlink(b)]) {
      await spoil();
      assert.deepEqual(await held(), raw(three, two));
      assert.deepEqual(await held(), raw(three, two));
    }
    assert.equal(log.messages('error').length, 2);
    await writeFile(b, one!.certificate.toPem() + two!.certificate.toPem());
    assert.deepEqual(await held(), raw(three, one, two));
  });
});
