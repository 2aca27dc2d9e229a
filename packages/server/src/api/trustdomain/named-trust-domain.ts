import type { TrustDomain } from '@credence/sdk';
import { serverError } from '../../domain/errors.js';
import { decodeTrustDomain } from '../convert/spiffe-id.js';
import { describe } from '../interceptors/errors.js';

/** The trust domain of a request. @throws StatusError, `ERR_INVALID_ARGUMENT` */
export function namedTrustDomain(nameOrId: string): TrustDomain {
  if (nameOrId === '') throw serverError('ERR_INVALID_ARGUMENT', 'missing trust domain');
  try {
    return decodeTrustDomain(nameOrId);
  } catch (error) {
    throw describe('failed to parse trust domain', error);
  }
}
