// `logger set`
import { defineCommand, levelFlags, parseLevelFlag } from '@credence/sdk/daemon';
import { adminFlags } from '../admin-client.js';
import { showLogger } from './show-logger.js';

export const command = defineCommand({ ...adminFlags, ...levelFlags }, async (values, terminal) => {
  const newLevel = parseLevelFlag(values.level);
  return showLogger(values, terminal, 'failed to set log level', (client, done) =>
    client.SetLogLevel({ new_level: newLevel }, done),
  );
});
