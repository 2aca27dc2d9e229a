// `logger reset`
import { defineCommand } from '@credence/sdk/daemon';
import { adminFlags } from '../admin-client.js';
import { showLogger } from './show-logger.js';

export const command = defineCommand(adminFlags, (values, terminal) =>
  showLogger(values, terminal, 'failed to reset logger', (client, done) => client.ResetLogLevel({}, done)),
);
