// What a refused call looks like to a client.
import assert from 'node:assert/strict';
import { status, type ServiceError } from '@grpc/grpc-js';
import { permissionDeniedReason } from '@credence/sdk/wire';

/** Code, text and PermissionDeniedDetails of the refusal, as `CODE: text [REASON]`. */
export async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt;
  } catch (error) {
    const { code, details } = error as ServiceError;
    const reason = permissionDeniedReason(error as ServiceError);
    return `${status[code]}: ${details}${reason === undefined ? '' : ` [${reason}]`}`;
  }
  return assert.fail('expected a refusal');
}
