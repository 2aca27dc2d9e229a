import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { answer, failing, isUnknownMethod } from '@credence/sdk/daemon';
import { StatusError } from '@credence/sdk/wire';

describe('a call to a daemon', () => {
  const failed = (code: status): Error => new StatusError(code, 'no');

  it('comes to its response, or to its error', async () => {
    assert.equal(
      await answer<string>((done) => {
        done(null, 'yes');
      }),
      'yes',
    );
    const error = failed(status.NOT_FOUND);
    await assert.rejects(
      answer((done) => {
        done(error as never);
      }),
      error,
    );
    await assert.rejects(
      answer((done) => {
        done(null);
      }),
      { message: 'the call ended without a response' },
    );
  });

  it('fails with what was attempted in front', async () => {
    assert.equal(await failing('cannot', () => Promise.resolve('yes')), 'yes');
    const cause = failed(status.NOT_FOUND);
    await assert.rejects(
      failing('cannot', () => Promise.reject(cause)),
      { message: 'cannot: rpc error: code = NotFound desc = no', cause },
    );
  });

  it('fails as it is when nobody answers: whoever opened the connection says where it went', async () => {
    const away = failed(status.UNAVAILABLE);
    await assert.rejects(
      failing('cannot', () => Promise.reject(away)),
      (error) => error === away,
    );
  });

  for (const details of [
    'The server does not implement the method /spire.api.server.logger.v1.Logger/GetLogger',
    'unknown service spire.api.server.logger.v1.Logger',
    'unknown method GetLogger for service spire.api.server.logger.v1.Logger',
    'method GetLogger not implemented',
  ]) {
    it(`fails for want of the method, whatever was put in front: ${details}`, async () => {
      const cause = new StatusError(status.UNIMPLEMENTED, details);
      assert.ok(isUnknownMethod(cause));
      await assert.rejects(
        failing('cannot', () => Promise.reject(cause)),
        (error) => isUnknownMethod(error),
      );
      assert.ok(!isUnknownMethod(new StatusError(status.UNAVAILABLE, details)));
    });
  }

  it('does not fail for want of the method when the method itself says that it can not', () => {
    assert.ok(!isUnknownMethod(new StatusError(status.UNIMPLEMENTED, 'JWT functionality is disabled')));
    assert.ok(!isUnknownMethod(new Error('no')));
    assert.ok(!isUnknownMethod('no'));
  });
});
