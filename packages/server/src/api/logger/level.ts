// A level as a request names it.
import { LogLevelControl, type AnnouncedLevel } from '@credence/sdk/daemon';
import type { LogLevel__Output } from '@credence/sdk/wire/gen/spire/api/types/LogLevel.js';
import { serverError } from '../../domain/errors.js';

/** @throws `ERR_INVALID_ARGUMENT` */
export function checkLevel(level: LogLevel__Output): AnnouncedLevel {
  if (level === 'UNSPECIFIED') {
    throw serverError('ERR_INVALID_ARGUMENT', 'newLevel value cannot be LogLevel_UNSPECIFIED');
  }
  const known = LogLevelControl.parse(level);
  if (known === undefined) throw serverError('ERR_INVALID_ARGUMENT', 'unsupported log level');
  return known;
}
