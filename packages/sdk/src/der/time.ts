// The two times of a certificate (RFC 5280 §4.1.2.5), in their one DER form: to the second, in Zulu.
import { sdkError } from '../runtime/index.js';
import type { DerReader } from './der-reader.js';
import { Tag } from './tag.js';

/**
 * Reads a UTCTime or a GeneralizedTime.
 *
 * @throws SpiffeError `ERR_SPIFFE_ENCODING`
 */
export function readTime(reader: DerReader, field: string): Date {
  const isUtcTime = reader.isNext(Tag.utcTime);
  const text = reader.expect(isUtcTime ? Tag.utcTime : Tag.generalizedTime, field).content.toString('latin1');
  const digits = isUtcTime ? centuryOf(text) + text : text;
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(digits);
  const instant = new Date(match === null ? Number.NaN : isoOf(match));
  // A day such as the 31st of June parses in JavaScript and comes out as another one.
  if (
    match === null ||
    Number.isNaN(instant.getTime()) ||
    instant.toISOString().slice(0, 19) !== isoOf(match).slice(0, 19)
  ) {
    throw sdkError('ERR_SPIFFE_ENCODING', `${field} is not a time in the form ${isUtcTime ? 'YY' : 'YYYY'}MMDDhhmmssZ`);
  }
  return instant;
}

// RFC 5280 §4.1.2.5.1
function centuryOf(text: string): string {
  return text < '50' ? '20' : '19';
}

function isoOf([, year = '', month = '', day = '', hour = '', minute = '', second = '']: readonly string[]): string {
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}
