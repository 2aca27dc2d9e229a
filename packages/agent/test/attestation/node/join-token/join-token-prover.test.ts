import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JoinTokenProver } from '../../../../dist/attestation/node/join-token/join-token-prover.js';
import { temporaryDirectory } from '../../../../../sdk/dist-test/support/temporary-directory.js';

describe('join token prover', () => {
  it('proves with the bytes of the token', async () => {
    const prover = new JoinTokenProver({ kind: 'value', value: 'abc' });
    assert.equal(prover.type, 'join_token');
    assert.equal((await prover.payload()).toString(), 'abc');
  });

  it('reads the file when it is needed, without the white space around the token', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'token');
    const prover = new JoinTokenProver({ kind: 'file', path });
    await assert.rejects(prover.payload(), {
      code: 'ERR_BOOTSTRAP',
      message: `the join token file ${path} cannot be read`,
    });
    await writeFile(path, ' abc\n');
    assert.equal((await prover.payload()).toString(), 'abc');
    await writeFile(path, '\n');
    await assert.rejects(prover.payload(), { code: 'ERR_BOOTSTRAP', message: 'the join token is empty' });
  });

  it('says how to get a token when there is none', async () => {
    await assert.rejects(new JoinTokenProver(undefined).payload(), {
      code: 'ERR_BOOTSTRAP',
      message: /token generate/,
    });
  });

  it('has no answer to a challenge', async () => {
    await assert.rejects(new JoinTokenProver(undefined).respond(), { code: 'ERR_BOOTSTRAP' });
  });
});
