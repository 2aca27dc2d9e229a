import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { sdkError } from '@credence/sdk/runtime';
import { StatusError } from '@credence/sdk/wire';
import { describe as withMessage, toStatus } from '../../../dist/api/interceptors/errors.js';
import { serverError, serverErrors, type ServerErrorCode } from '../../../dist/domain/errors.js';

const secret = 'secret detail';

describe('toStatus', () => {
  const told: readonly [ServerErrorCode, status][] = [
    ['ERR_INVALID_ARGUMENT', status.INVALID_ARGUMENT],
    ['ERR_ENTRY_EXISTS', status.ALREADY_EXISTS],
    ['ERR_CSR', status.INVALID_ARGUMENT],
    ['ERR_TOKEN_UNKNOWN', status.INVALID_ARGUMENT],
    ['ERR_TOKEN_EXPIRED', status.INVALID_ARGUMENT],
    ['ERR_AGENT_BANNED', status.PERMISSION_DENIED],
    ['ERR_ATTESTOR_UNKNOWN', status.FAILED_PRECONDITION],
    ['ERR_TOKEN_EXISTS', status.INTERNAL],
    ['ERR_AUTHORITY_STATE', status.INTERNAL],
    ['ERR_BUNDLE_EXISTS', status.ALREADY_EXISTS],
    ['ERR_BUNDLE_IN_USE', status.FAILED_PRECONDITION],
    ['ERR_RELATIONSHIP_EXISTS', status.ALREADY_EXISTS],
    ['ERR_FEDERATION_FETCH', status.INTERNAL],
    ['ERR_NODE_PROOF', status.PERMISSION_DENIED],
    ['ERR_UPSTREAM', status.FAILED_PRECONDITION],
  ];
  for (const [code, expected] of told) {
    it(`answers ${code} as ${status[expected]} with its own text`, () => {
      const { code: actual, details, cause } = toStatus(serverError(code, 'the text'));
      assert.deepEqual([actual, details, cause], [expected, 'the text', undefined]);
    });
  }

  const others = (Object.keys(serverErrors) as ServerErrorCode[]).filter((code) => !told.some(([c]) => c === code));
  for (const code of others) {
    it(`keeps the text of ${code} to itself`, () => {
      assert.ok(!toStatus(serverError(code, secret)).details.includes(secret));
    });
  }

  const unknown: readonly [string, unknown][] = [
    ['an Error', new Error(secret)],
    ['an error of the SDK', sdkError('ERR_SPIFFE_ID', secret)],
    ['a TypeError', new TypeError(secret)],
    ['a text', secret],
    ['undefined', undefined],
    [
      'an error with the name of an Object method as its code',
      Object.assign(new Error(secret), { name: 'SpiffeError', code: 'toString' }),
    ],
  ];
  for (const [name, error] of unknown) {
    it(`answers ${name} as INTERNAL with a fixed text, and holds it back for the log`, () => {
      const { code, details, cause } = toStatus(error);
      assert.deepEqual([code, details, cause], [status.INTERNAL, 'internal error', error]);
    });
  }

  it('passes a StatusError as it is', () => {
    const error = new StatusError(status.UNAVAILABLE, 'text');
    assert.equal(toStatus(error), error);
  });
});

describe('describe', () => {
  it('puts the message before the text', () => {
    const { details } = withMessage('failed to x', serverError('ERR_INVALID_ARGUMENT', 'why'));
    assert.equal(details, 'failed to x: why');
  });

  it('says only the message when something was not found', () => {
    assert.equal(withMessage('failed to x', serverError('ERR_ENTRY_NOT_FOUND', 'why')).details, 'failed to x');
  });

  it('holds an unknown error back', () => {
    const { details } = withMessage('failed to x', new Error(secret));
    assert.equal(details, 'failed to x: internal error');
  });
});
