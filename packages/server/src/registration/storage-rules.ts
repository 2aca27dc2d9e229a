// What holds for every stored entry, whoever makes it. The messages start as the field's tools know them.
import { serverError } from '../domain/errors.js';
import type { NewEntry } from '../domain/registration-entry.js';

/** @throws `ERR_INVALID_ARGUMENT` */
export function checkStorable(entry: NewEntry): void {
  if (entry.selectors.length === 0) throw invalid('missing selector list');
  if (entry.storeSvid && entry.selectors.some(({ type }) => type !== entry.selectors[0]?.type)) {
    throw invalid('selector types must be the same when store SVID is enabled');
  }
  if (entry.id.length > 255) throw invalid('entry ID too long');
  if (!/^[A-Za-z0-9_.-]*$/.test(entry.id)) throw invalid('entry ID contains invalid characters');
  if (entry.x509SvidTtlSeconds < 0) throw invalid('X509SvidTtl is not set');
  if (entry.jwtSvidTtlSeconds < 0) throw invalid('JwtSvidTtl is not set');
}

/** What holds at creation only. @throws `ERR_INVALID_ARGUMENT` */
export function checkCreatable(entry: NewEntry): void {
  checkStorable(entry);
  if (entry.storeSvid && entry.additionalAttributes?.disableX509SvidPrefetch === true) {
    throw invalid('disable X509-SVID prefetch is not allowed when store SVID is enabled');
  }
}

function invalid(problem: string): Error {
  return serverError('ERR_INVALID_ARGUMENT', `datastore-validation: invalid registration entry: ${problem}`);
}
