import type { Logger } from '@credence/sdk/runtime';

/** Keeps what is logged. */
export class RecordingLogger implements Logger {
  readonly records: { readonly level: string; readonly message: string; readonly fields: object }[] = [];

  debug(fields: object, message: string): void {
    this.#add('debug', fields, message);
  }

  info(fields: object, message: string): void {
    this.#add('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#add('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#add('error', fields, message);
  }

  count(message: string): number {
    return this.records.filter((record) => record.message === message).length;
  }

  #add(level: string, fields: object, message: string): void {
    this.records.push({ level, message, fields });
  }
}
