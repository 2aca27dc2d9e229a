import assert from 'node:assert/strict';
import { isTexts, parseJson } from '../../../../dist/attestation/workload/sigstore/json.js';

describe('JSON that anybody may have made', () => {
  const array = (count: number): Buffer => Buffer.from(`[${'[],'.repeat(count)}[]]`);

  it('has 250,000 values at most', () => {
    assert.equal((parseJson(array(124_999)) as unknown[]).length, 125_000);
    for (const bytes of [array(125_000), Buffer.from('['.repeat(8_000_000)), Buffer.from('{"a":'.repeat(300_000))]) {
      assert.throws(() => parseJson(bytes), { code: 'ERR_ATTESTATION', message: 'JSON of more than 250000 values' });
    }
  });

  it('may be one large text', () => {
    const text = 'a'.repeat(8_000_000);
    assert.equal(parseJson(Buffer.from(JSON.stringify(text))), text);
  });

  it('is a record of texts when all of its values are', () => {
    assert.ok(isTexts(parseJson(Buffer.from('{"a":"b","__proto__":"c"}'))));
    for (const json of ['{"a":"b","c":1}', 'null', '"text"', '["a",null]']) {
      assert.ok(!isTexts(parseJson(Buffer.from(json))), json);
    }
  });
});
