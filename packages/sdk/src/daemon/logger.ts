// The log of a daemon: JSON, one record a line, through pino. A log that cannot be written ends nobody's work.
import { writeSync } from 'node:fs';
import type { Logger } from '../runtime/logger.js';
import { printableLines } from './printable.js';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof logLevels)[number];

/** What the log can be told while the daemon runs; `fatal` and `trace` are there for completeness. */
export type SettableLevel = LogLevel | 'fatal' | 'trace';

/** A logger whose level can be changed. */
export interface DaemonLogger extends Logger {
  level: SettableLevel;
}

export interface LoggerOptions {
  /** The least level that is written. */
  readonly level: LogLevel;
  /** Appended to, and made with mode 0640 when missing; undefined: standard output. */
  readonly file?: string | undefined;
}

// No caller logs these; should one ever slip in, its value does not get out.
const secrets = ['token', 'joinToken', 'join_token', 'privateKey', 'private_key', 'key'];

// While nothing can be written, so much is kept; what follows is lost.
const keptBytes = 1024 * 1024;

const longestText = 1000;

/**
 * Records are written before the call returns, so that the last words of a process are in its log. When they cannot be,
 * standard error says so, once, and the first of them are written later. What grpc-js has to say becomes records of the
 * level debug: by itself it writes to standard error, raw, what a peer sent.
 *
 * @throws the error of the operating system when the file cannot be opened.
 */
export async function createLogger({ level, file }: LoggerOptions): Promise<DaemonLogger> {
  const { pino } = await import('pino');
  const destination = pino.destination({
    dest: file ?? 1,
    append: true,
    mode: 0o640,
    sync: true,
    maxLength: keptBytes,
  });
  let told = false;
  destination.on('error', (error: Error) => {
    if (!told) tell(`the log cannot be written, records will be missing: ${error.message}`);
    told = true;
  });
  const log = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: pino.stdSerializers.err },
      redact: { paths: [...secrets, ...secrets.map((name) => `*.${name}`)], remove: true },
      // JSON leaves C1 codes and marks of direction as they are, and a log is read on terminals.
      hooks: { streamWrite: printableLines },
    },
    destination,
  );
  const { setLogger } = await import('@grpc/grpc-js');
  const record = (text: unknown): void => {
    log.debug({ text: String(text).slice(0, longestText) }, 'gRPC library');
  };
  setLogger({ error: record, info: record, debug: record });
  return log as DaemonLogger;
}

function tell(text: string): void {
  try {
    writeSync(2, `${text}\n`);
  } catch {
    // It may be on the same disk.
  }
}
