// `logger get`
import { defineCommand } from '@credence/sdk/daemon';
import { adminFlags } from '../admin-client.js';
import { showLogger } from './show-logger.js';

export const command = defineCommand(adminFlags, (values, terminal) =>
  showLogger(values, terminal, 'error fetching logger', (client, done) => client.GetLogger({}, done)),
);
