// The commands of credence-agent. Each is a file of its own, loaded when it is run.
import { withCompletion, type CommandEntry, type CommandModule, type Program } from '@credence/sdk/daemon';
import { version } from '../domain/version.js';
import { examples } from './examples.js';

function entry(path: string, summary: string, load: () => Promise<{ readonly command: CommandModule }>): CommandEntry {
  return { path, summary, example: examples[path], load: async () => (await load()).command };
}

export const program: Program = withCompletion({
  name: 'credence-agent',
  version,
  summary: 'Attests the processes of its machine and serves them their SPIFFE identities.',
  commands: [
    entry('run', 'Runs the agent', () => import('./run.js')),
    entry('validate', 'Checks a configuration file', () => import('./validate.js')),
    entry('healthcheck', 'Asks whether the agent is healthy', () => import('./healthcheck.js')),
    entry('explain', 'Explains why a process has its identities, or none', () => import('./explain.js')),
    entry('debug getinfo', 'Shows facts about the running agent', () => import('./debug/getinfo.js')),
    entry('logger get', 'Shows how much the agent logs', () => import('./logger/get.js')),
    entry('logger set', 'Changes how much the agent logs, until its next start', () => import('./logger/set.js')),
    entry('logger reset', 'Has the agent log as much as at its start', () => import('./logger/reset.js')),
    entry('helper', 'Keeps certificates in files for programs that read files', () => import('./helper.js')),
    entry('api fetch', 'Fetches X.509-SVIDs from the Workload API', () => import('./api/fetch-x509.js')),
    entry('api fetch x509', 'Fetches X.509-SVIDs from the Workload API', () => import('./api/fetch-x509.js')),
    entry('api fetch jwt', 'Fetches JWT-SVIDs from the Workload API', () => import('./api/fetch-jwt.js')),
    entry('api validate jwt', 'Validates a JWT-SVID by the Workload API', () => import('./api/validate-jwt.js')),
    entry('api watch', 'Prints X.509-SVIDs of the Workload API as they change', () => import('./api/watch.js')),
  ],
});
