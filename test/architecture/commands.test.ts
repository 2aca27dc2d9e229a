// The commands and flags of SPIRE 1.15's two programs, as their own help names them, against the tables of ours; and that what our
// help shows as an example is a command line that the command takes.
import assert from 'node:assert/strict';
import { kebabCase, normaliseArguments, type Flags, type Program } from '@credence/sdk/daemon';
import { program as agent } from '../../packages/agent/dist/cli/program.js';
import { program as server } from '../../packages/server/dist/cli/program.js';
import { readProse } from '../support/prose.js';

/** Command → its flags; `…` are those of every command that asks the server something. */
const spire: Readonly<Record<string, string>> = {
  run: 'bindAddress config dataDir expandEnv logFile logFormat logLevel logSourceLocation serverPort socketPath trustDomain',
  validate:
    'bindAddress config dataDir expandEnv logFile logFormat logLevel logSourceLocation serverPort socketPath trustDomain',
  'token generate': '… spiffeID ttl',
  healthcheck: 'instance shallow socketPath verbose',
  'entry create':
    '… admin data disableX509SVIDPrefetch dns downstream entryExpiry entryID federatesWith hint jwtSVIDIncludeJTI jwtSVIDTTL node parentID selector spiffeID storeSVID x509SVIDTTL',
  'entry update':
    '… admin data disableX509SVIDPrefetch dns downstream entryExpiry entryID federatesWith hint jwtSVIDIncludeJTI jwtSVIDTTL parentID selector spiffeID storeSVID x509SVIDTTL',
  'entry show':
    '… downstream entryID federatesWith hint matchFederatesWithOn matchSelectorsOn parentID selector spiffeID',
  'entry count': '… downstream federatesWith hint matchFederatesWithOn matchSelectorsOn parentID selector spiffeID',
  'entry delete': '… entryID file',
  'agent list': '… attestationType banned canReattest expiresBefore matchSelectorsOn selector',
  'agent count': '… attestationType banned canReattest expiresBefore matchSelectorsOn selector',
  'agent show': '… spiffeID',
  'agent ban': '… spiffeID',
  'agent evict': '… spiffeID',
  'agent purge': '… dryRun expiredFor',
  'bundle show': '… format',
  'bundle list': '… format id',
  'bundle set': '… format id path',
  'bundle delete': '… id mode',
  'bundle count': '…',
  'federation create':
    '… bundleEndpointProfile bundleEndpointURL data endpointSpiffeID trustDomain trustDomainBundleFormat trustDomainBundlePath',
  'federation update':
    '… bundleEndpointProfile bundleEndpointURL data endpointSpiffeID trustDomain trustDomainBundleFormat trustDomainBundlePath',
  'federation list': '…',
  'federation show': '… trustDomain',
  'federation delete': '… id',
  'federation refresh': '… id',
  'x509 mint': '… dns spiffeID ttl write',
  'jwt mint': '… audience spiffeID ttl write',
  'logger get': '…',
  'logger set': '… level',
  'logger reset': '…',
  'debug getinfo': '…',
  'localauthority x509 show': '…',
  'localauthority x509 prepare': '…',
  'localauthority x509 activate': '… authorityID',
  'localauthority x509 taint': '… authorityID',
  'localauthority x509 revoke': '… authorityID',
  'localauthority jwt show': '…',
  'localauthority jwt prepare': '…',
  'localauthority jwt activate': '… authorityID',
  'localauthority jwt taint': '… authorityID',
  'localauthority jwt revoke': '… authorityID',
  'upstreamauthority taint': '… subjectKeyID',
  'upstreamauthority revoke': '… subjectKeyID',
};
const everywhere = 'instance output socketPath';

const runFlagsOfAgent = [
  'allowUnauthenticatedVerifiers config dataDir disableSDSAPI disableWorkloadAPI expandEnv insecureBootstrap joinToken',
  'joinTokenFile logFile logFormat logLevel logSourceLocation rebootstrapDelay rebootstrapMode serverAddress serverPort',
  'socketPath trustBundle trustBundleFormat trustBundleUrl trustDomain',
].join(' ');

/** The same of the agent. */
const spireAgent: Readonly<Record<string, string>> = {
  run: runFlagsOfAgent,
  validate: runFlagsOfAgent,
  healthcheck: 'instance shallow socketPath verbose',
  'api fetch': '… silent timeout write',
  'api fetch x509': '… silent timeout write',
  'api fetch jwt': '… audience format spiffeID timeout',
  'api validate jwt': '… audience svid timeout',
  'api watch': 'instance socketPath',
  'debug getinfo': 'output socketPath',
  'logger get': 'output socketPath',
  'logger set': 'level output socketPath',
  'logger reset': 'output socketPath',
};

/** Flags that docs/spire-compatibility.md names as left out. */
const without = ['logFormat', 'logSourceLocation'];

async function flagsOf(program: Program, path: string): Promise<Flags> {
  const entry = program.commands.find((command) => command.path === path);
  assert.ok(entry !== undefined, `no command "${path}"`);
  return (await entry.load()).flags;
}

for (const [program, commands] of [
  [server, spire],
  [agent, spireAgent],
] as const) {
  describe(`the commands of ${program.name}`, () => {
    for (const [path, flags] of Object.entries(commands)) {
      it(`have ${path} with every flag of SPIRE's, in its spelling`, async () => {
        const ours = Object.entries(await flagsOf(program, path));
        const spellings = ours.flatMap(([key, { spire: spelling }]) => [kebabCase(key), spelling ?? key]);
        const missing = flags
          .replace('…', everywhere)
          .split(' ')
          .filter((flag) => !spellings.includes(flag) && !without.includes(flag));
        assert.deepEqual(missing, []);
      });
    }
  });
}

describe('the commands', () => {
  it('lack only what docs/spire-compatibility.md names', () => {
    const text = readProse('docs/spire-compatibility.md');
    for (const name of [...without.map((flag) => `-${flag}`), 'wit mint'])
      assert.ok(text.includes(`\`${name}\``), name);
  });
});

for (const program of [server, agent]) {
  describe(`the help of ${program.name}`, () => {
    for (const { path, example } of program.commands) {
      it(`shows an example of ${path} that the command takes`, async () => {
        const words =
          (example ?? '')
            .split(/ \||[<()]/)
            .find((part) => part.includes(path))
            ?.trim()
            .split(' ') ?? [];
        assert.deepEqual(words.splice(0, 1 + path.split(' ').length), [program.name, ...path.split(' ')]);
        assert.ok(Array.isArray(normaliseArguments(words, await flagsOf(program, path))));
      });
    }
  });
}
