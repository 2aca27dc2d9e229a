// `logger set`
import { defineCommand, usageError } from '@credence/sdk/daemon';
import type { LogLevel } from '@credence/sdk/wire/gen/spire/api/types/LogLevel.js';
import { adminFlags } from '../admin-client.js';
import { showLogger } from './show-logger.js';

const levels: ReadonlyMap<string, LogLevel> = new Map([
  ['panic', 'PANIC'],
  ['fatal', 'FATAL'],
  ['error', 'ERROR'],
  ['warn', 'WARN'],
  ['info', 'INFO'],
  ['debug', 'DEBUG'],
  ['trace', 'TRACE'],
]);

const accepted = [...levels.keys()].join(', ');
const flags = {
  ...adminFlags,
  level: { kind: 'text', placeholder: 'level', help: `the least level to write: ${accepted}` },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  const { level } = values;
  if (level === undefined || level === '') throw usageError(`--level is required; ${accepted} are accepted`);
  const newLevel = levels.get(level.toLowerCase());
  if (newLevel === undefined) throw usageError(`--level is "${level}"; ${accepted} are accepted`);
  return showLogger(values, terminal, 'failed to set log level', (client, done) =>
    client.SetLogLevel({ new_level: newLevel }, done),
  );
});
