// Instants on the wire are whole seconds since the epoch, as decimal text.
import { serverError } from '../../domain/errors.js';

const lastSecond = 8_640_000_000_000;

export function encodeSeconds(instant: Date): string {
  return String(Math.floor(instant.getTime() / 1000));
}

/** Zero is undefined. @throws `ERR_INVALID_ARGUMENT` for what is no instant */
export function decodeSeconds(wire: string, field: string): Date | undefined {
  const seconds = Number(wire);
  if (seconds === 0) return undefined;
  if (seconds > 0 && seconds <= lastSecond) return new Date(seconds * 1000);
  throw serverError('ERR_INVALID_ARGUMENT', `${field} ${wire} is no instant: expected seconds since the epoch, or 0`);
}
