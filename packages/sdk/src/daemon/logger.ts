// The log of a daemon: JSON, one record a line, through pino.
import type { Logger } from '../runtime/logger.js';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  /** The least level that is written. */
  readonly level: LogLevel;
  /** Appended to, and made with mode 0640 when missing; undefined: standard output. */
  readonly file?: string | undefined;
}

// No caller logs these; should one ever slip in, its value does not get out.
const secrets = ['token', 'joinToken', 'join_token', 'privateKey', 'private_key', 'key'];

/**
 * Records are written before the call returns, so that the last words of a process are in its log.
 *
 * @throws the error of the operating system when the file cannot be opened.
 */
export async function createLogger({ level, file }: LoggerOptions): Promise<Logger> {
  const { pino } = await import('pino');
  const destination = pino.destination({ dest: file ?? 1, append: true, mode: 0o640, sync: true });
  const log: Logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
      redact: { paths: [...secrets, ...secrets.map((name) => `*.${name}`)], remove: true },
    },
    destination,
  );
  return log;
}
