import assert from 'node:assert/strict';
import { encodeJson, errorText, statusName } from '@credence/sdk/daemon';

describe('encodeJson', () => {
  const cases = [
    { name: 'sorts keys at every depth', message: { b: 1, a: { d: 1, c: 2 } }, json: '{"a":{"c":2,"d":1},"b":1}' },
    {
      name: 'includes fields without a value',
      message: { a: '', b: 0, c: false, d: [] },
      json: '{"a":"","b":0,"c":false,"d":[]}',
    },
    { name: 'leaves out null and undefined', message: { a: null, b: undefined, c: 1 }, json: '{"c":1}' },
    {
      name: 'writes int64 as strings',
      message: { a: '1700000000', b: 18446744073709551615n },
      json: '{"a":"1700000000","b":"18446744073709551615"}',
    },
    { name: 'writes bytes in base64', message: { a: Buffer.from([255, 254]) }, json: '{"a":"//4="}' },
    {
      name: 'leaves out the presence mark of an optional field',
      message: { x: { y: true }, _x: 'x' },
      json: '{"x":{"y":true}}',
    },
    {
      name: 'keeps keys of maps',
      message: { m: { 'spiffe://b': Buffer.of(0), 'spiffe://a': Buffer.of(1) } },
      json: '{"m":{"spiffe://a":"AQ==","spiffe://b":"AA=="}}',
    },
  ];
  for (const { name, message, json } of cases) {
    it(name, () => {
      assert.equal(encodeJson(message), json);
    });
  }

  it('is one line', () => {
    assert.equal(encodeJson({ a: 'x\ny' }).split('\n').length, 1);
  });
});

describe('errorText', () => {
  it('writes a failed call as Go does', () => {
    const error = Object.assign(new Error('5 NOT_FOUND: entry not found'), { code: 5, details: 'entry not found' });
    assert.equal(errorText(error), 'rpc error: code = NotFound desc = entry not found');
  });

  it('writes any other error as its message', () => {
    assert.equal(errorText(new Error('no such file')), 'no such file');
  });

  it('names codes that gRPC does not have by number', () => {
    assert.equal(statusName(16), 'Unauthenticated');
    assert.equal(statusName(99), 'Code(99)');
  });
});
