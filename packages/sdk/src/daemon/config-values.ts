// The values that the configuration files of both daemons have: schemas that say what would be accepted. They are a
// subpath of their own, because zod takes longer to load than most commands take to run.
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { z, type ZodType } from 'zod';
import { toDurationMs } from './config-file.js';
import { logLevels, type LogLevel } from './logger.js';

const hostName = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

/** A path, made absolute. */
export const path: ZodType<string> = z
  .string()
  .min(1, 'an empty path; a path is accepted')
  .transform((text) => resolve(text));

/** A positive duration such as `1h30m`, in milliseconds. */
export const durationMs: ZodType<number> = z.string().transform(toDurationMs);

export const logLevel: ZodType<LogLevel> = z
  .string()
  .toLowerCase()
  .pipe(z.enum(logLevels, `not a level; ${logLevels.join(', ')} are accepted`));

/** An IP address or a host name; `example` is an IPv6 address for the message. */
export function host(example: string): ZodType<string> {
  return z
    .string()
    .refine(
      (text) => isIP(text) !== 0 || hostName.test(text),
      `not an address; 127.0.0.1, ${example} or a host name is accepted`,
    );
}

/** A TCP port, as a number or as text. */
export function port(least: 0 | 1): ZodType<number> {
  const message = `not a port; ${least} to 65535 is accepted`;
  const digits = z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number);
  return z
    .union([z.number(), digits], message)
    .refine((value) => Number.isInteger(value) && value >= least && value <= 65535, message);
}
