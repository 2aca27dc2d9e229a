import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Findings } from '../../../../dist/attestation/workload/sigstore/findings.js';

const mebibyte = 1024 * 1024;

describe('what was found out about an image', () => {
  it('keeps no more of a reason than it tells', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const findings = new Findings('app');
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 20; index++) {
      const reason = Buffer.alloc(4 * mebibyte, `reason ${index} `).toString();
      findings.add({ kind: 'signature', outcome: { reason } });
    }
    collect();
    assert.ok(process.memoryUsage().heapUsed - before < 20 * mebibyte);
    assert.throws(() => findings.signatures(), /counts, of 20: reason 0 reason 0/);
  });
});
