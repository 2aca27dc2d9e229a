// The commands and flags of SPIRE 1.15's two programs. test/interop/spire-help.test.ts holds this against their own help.

/** Command of `spire-server` → its flags; `…` are those of every command that asks the server something. */
export const spireServerCommands: Readonly<Record<string, string>> = {
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

/** The same of `spire-agent`. */
export const spireAgentCommands: Readonly<Record<string, string>> = {
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

/** The names of a value of the tables. */
export const flagsOfSpire = (flags: string): readonly string[] => flags.replace('…', everywhere).split(' ');
