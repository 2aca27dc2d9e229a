// The commands of credence-server. Each is a file of its own, loaded when it is run.
import type { CommandEntry, CommandModule, Program } from '@credence/sdk/daemon';

function entry(path: string, summary: string, load: () => Promise<{ readonly command: CommandModule }>): CommandEntry {
  return { path, summary, load: async () => (await load()).command };
}

export const program: Program = {
  name: 'credence-server',
  version: '0.1.0',
  summary: 'Keeps registration entries and signs SPIFFE identities.',
  commands: [
    entry('run', 'Runs the server', () => import('./run.js')),
    entry('validate', 'Checks a configuration file', () => import('./validate.js')),
    entry('healthcheck', 'Asks whether the server is healthy', () => import('./healthcheck.js')),
    entry('bundle show', "Prints the trust domain's bundle", () => import('./bundle/show.js')),
    entry('token generate', 'Makes a join token', () => import('./token/generate.js')),
    entry('entry create', 'Creates registration entries', () => import('./entry/create.js')),
    entry('entry show', 'Shows registration entries', () => import('./entry/show.js')),
    entry('entry update', 'Updates registration entries', () => import('./entry/update.js')),
    entry('entry delete', 'Deletes registration entries', () => import('./entry/delete.js')),
    entry('entry count', 'Counts registration entries', () => import('./entry/count.js')),
    entry('agent list', 'Lists attested agents', () => import('./agent/list.js')),
    entry('agent show', 'Shows an attested agent', () => import('./agent/show.js')),
    entry('agent count', 'Counts attested agents', () => import('./agent/count.js')),
    entry('agent ban', 'Bans an attested agent', () => import('./agent/ban.js')),
    entry('agent evict', 'Evicts an attested agent', () => import('./agent/evict.js')),
    entry('x509 mint', 'Mints an X.509-SVID', () => import('./x509/mint.js')),
  ],
};
