// The commands of credence-server. Each is a file of its own, loaded when it is run.
import { version } from '../domain/version.js';
import { withCompletion, type CommandEntry, type CommandModule, type Program } from '@credence/sdk/daemon';
import { examples } from './examples.js';

function entry(path: string, summary: string, load: () => Promise<{ readonly command: CommandModule }>): CommandEntry {
  return { path, summary, example: examples[path], load: async () => (await load()).command };
}

type Rotation = Readonly<Record<'show' | 'prepare' | 'activate' | 'taint' | 'revoke', CommandModule>>;

/** The rotation of one kind of authorities by hand. */
function rotation(word: string, kind: string, load: () => Promise<{ readonly commands: Rotation }>): CommandEntry[] {
  const step = (name: keyof Rotation, summary: string): CommandEntry =>
    entry(`localauthority ${word} ${name}`, summary, async () => ({ command: (await load()).commands[name] }));
  return [
    step('show', `Shows the server's ${kind} authorities`),
    step('prepare', `Makes and publishes the next ${kind} authority`),
    step('activate', `Lets the prepared ${kind} authority take over`),
    step('taint', `Has everything replaced that the old ${kind} authority signed`),
    step('revoke', `Takes a tainted ${kind} authority out of the bundle`),
  ];
}

export const program: Program = withCompletion({
  name: 'credence-server',
  version,
  summary: 'Keeps registration entries and signs SPIFFE identities.',
  commands: [
    entry('run', 'Runs the server', () => import('./run.js')),
    entry('validate', 'Checks a configuration file', () => import('./validate.js')),
    entry('healthcheck', 'Asks whether the server is healthy', () => import('./healthcheck.js')),
    entry('backup', 'Copies the datastore, also while the server runs', () => import('./backup.js')),
    entry('debug getinfo', 'Shows facts about the running server', () => import('./debug/getinfo.js')),
    entry('logger get', 'Shows how much the server logs', () => import('./logger/get.js')),
    entry('logger set', 'Changes how much the server logs, until its next start', () => import('./logger/set.js')),
    entry('logger reset', 'Has the server log as much as at its start', () => import('./logger/reset.js')),
    entry('bundle show', "Prints the trust domain's bundle", () => import('./bundle/show.js')),
    entry('bundle count', 'Counts bundles', () => import('./bundle/count.js')),
    entry('bundle list', 'Prints the bundles of federated trust domains', () => import('./bundle/list.js')),
    entry('bundle set', 'Stores the bundle of a federated trust domain', () => import('./bundle/set.js')),
    entry('bundle delete', 'Deletes the bundle of a federated trust domain', () => import('./bundle/delete.js')),
    entry('federation create', 'Creates federation relationships', () => import('./federation/create.js')),
    entry('federation update', 'Updates federation relationships', () => import('./federation/update.js')),
    entry('federation delete', 'Deletes a federation relationship', () => import('./federation/delete.js')),
    entry('federation list', 'Lists federation relationships', () => import('./federation/list.js')),
    entry('federation show', 'Shows a federation relationship', () => import('./federation/show.js')),
    entry('federation refresh', 'Fetches a federated bundle now', () => import('./federation/refresh.js')),
    entry('token generate', 'Makes a join token', () => import('./token/generate.js')),
    entry('entry create', 'Creates registration entries', () => import('./entry/create.js')),
    entry('entry show', 'Shows registration entries', () => import('./entry/show.js')),
    entry('entry update', 'Updates registration entries', () => import('./entry/update.js')),
    entry('entry delete', 'Deletes registration entries', () => import('./entry/delete.js')),
    entry('entry count', 'Counts registration entries', () => import('./entry/count.js')),
    entry('entry explain', 'Explains which entries a workload gets', () => import('./entry/explain.js')),
    entry('agent list', 'Lists attested agents', () => import('./agent/list.js')),
    entry('agent show', 'Shows an attested agent', () => import('./agent/show.js')),
    entry('agent count', 'Counts attested agents', () => import('./agent/count.js')),
    entry('agent ban', 'Bans an attested agent', () => import('./agent/ban.js')),
    entry('agent evict', 'Evicts an attested agent', () => import('./agent/evict.js')),
    entry('agent purge', 'Evicts agents that have expired long ago', () => import('./agent/purge.js')),
    entry('x509 mint', 'Mints an X.509-SVID', () => import('./x509/mint.js')),
    entry('jwt mint', 'Mints a JWT-SVID', () => import('./jwt/mint.js')),
    ...rotation('x509', 'X.509', () => import('./localauthority/x509.js')),
    ...rotation('jwt', 'JWT', () => import('./localauthority/jwt.js')),
    entry('upstreamauthority taint', 'Has everything replaced that is below an upstream authority', async () => ({
      command: (await import('./upstreamauthority/commands.js')).commands.taint,
    })),
    entry('upstreamauthority revoke', 'Takes a tainted upstream authority out of the bundle', async () => ({
      command: (await import('./upstreamauthority/commands.js')).commands.revoke,
    })),
  ],
});
