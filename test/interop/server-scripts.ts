// The commands that the real spire-server command and ours both run on our server, and how what they print is compared.
import assert from 'node:assert/strict';
import type { Finished } from '../support/child.js';

/** The words of a command line after the program's name. */
export type Script = readonly string[];

/** The paths of files that commands of federation read. */
export type FederationFiles = Record<'pem' | 'spiffe' | 'relationships', string>;

/** The paths of files that commands of entries read. */
export type EntryFiles = Record<'entries' | 'ids', string>;

export function assertSame(ours: Finished, theirs: Finished, title = ''): void {
  assert.deepEqual([ours.stdout, ours.stderr], [theirs.stdout, theirs.stderr], title);
  // A failed item fails our command with JSON too (docs/spire-compatibility.md).
  if (/"code":[1-9]/.test(ours.stdout)) assert.deepEqual([ours.code, theirs.code], [1, 0], title);
  else assert.equal(ours.code, theirs.code, title);
}

const two = [
  ...['-spiffeID', 'spiffe://example.org/two', '-parentID', 'spiffe://example.org/agent'],
  ...['-selector', 'unix:uid:7'],
];
/** Commands that change nothing, or nothing that another of them shows but what they create themselves. */
export const questions: readonly Script[] = [
  ['entry', 'show'],
  ['entry', 'count'],
  ['entry', 'show', '-spiffeID', 'spiffe://example.org/two'],
  ['entry', 'show', '-selector', 'unix:uid:7'],
  ['agent', 'list'],
  ['agent', 'count'],
  ['bundle', 'show'],
  ['bundle', 'show', '-format', 'spiffe'],
  ['healthcheck'],
  ['healthcheck', '-verbose'],
  ['logger', 'get'],
  ['logger', 'set', '-level', 'warn'],
  ['logger', 'reset'],
  ['entry', 'show', '-entryID', 'no-such-entry'],
  ['agent', 'show', '-spiffeID', 'spiffe://example.org/spire/agent/x/y'],
  ['agent', 'show', '-spiffeID', 'spiffe://example.org/not/an/agent'],
  ['entry', 'delete', '-entryID', 'no-such-entry'],
  ['entry', 'update', '-entryID', 'no-such-entry', ...two],
  ['entry', 'create', ...two, '-selector', 'unix:gid:8', '-dns', 'c.example.org', '-jwtSVIDTTL', '9', '-storeSVID'],
  ['agent', 'ban', '-spiffeID', 'spiffe://example.org/spire/agent/x/y'],
  ['agent', 'evict', '-spiffeID', 'spiffe://example.org/spire/agent/x/y'],
  ['agent', 'list', '-banned', 'true', '-canReattest', 'all'],
  ['upstreamauthority', 'taint', '-subjectKeyID', 'unknown'],
  ['upstreamauthority', 'revoke', '-subjectKeyID', 'unknown'],
  ['x509', 'mint', '-spiffeID', 'spiffe://example.com/web'],
  ['jwt', 'mint', '-spiffeID', 'spiffe://example.com/web', '-audience', 'api'],
  ...['x509', 'jwt'].flatMap((kind) => [
    ['localauthority', kind, 'show'],
    ['localauthority', kind, 'activate', '-authorityID', 'unknown'],
    ['localauthority', kind, 'taint', '-authorityID', 'unknown'],
    ['localauthority', kind, 'revoke', '-authorityID', 'unknown'],
  ]),
];
/** Each undone by the command after it, so that both programs find the same. */
export const federationScript = (files: FederationFiles): readonly Script[] => [
  ['bundle', 'count'],
  ['bundle', 'list'],
  ['federation', 'list'],
  ['bundle', 'set', '-id', 'spiffe://pem.example', '-path', files.pem],
  ['bundle', 'set', '-id', 'spiffe://json.example', '-path', files.spiffe, '-format', 'spiffe'],
  ['bundle', 'set', '-id', 'spiffe://example.org', '-path', files.pem],
  ['bundle', 'count'],
  ['bundle', 'list'],
  ['bundle', 'list', '-format', 'spiffe'],
  ['bundle', 'list', '-id', 'spiffe://json.example', '-format', 'spiffe'],
  ['bundle', 'list', '-id', 'spiffe://pem.example'],
  ['bundle', 'list', '-id', 'spiffe://none.example'],
  ['bundle', 'delete', '-id', 'spiffe://pem.example', '-mode', 'delete'],
  ['bundle', 'delete', '-id', 'spiffe://pem.example'],
  ['bundle', 'delete', '-id', 'spiffe://example.org'],
  [
    ...['federation', 'create', '-trustDomain', 'web.example', '-bundleEndpointProfile', 'https_web'],
    ...['-bundleEndpointURL', 'https://web.example/bundle'],
  ],
  [
    ...['federation', 'create', '-trustDomain', 'spiffe.example', '-bundleEndpointProfile', 'https_spiffe'],
    ...['-bundleEndpointURL', 'https://127.0.0.1:1/', '-endpointSpiffeID', 'spiffe://spiffe.example/endpoint'],
    ...['-trustDomainBundlePath', files.pem],
  ],
  ['federation', 'create', '-data', files.relationships],
  [
    ...['federation', 'create', '-trustDomain', 'web.example', '-bundleEndpointProfile', 'https_web'],
    ...['-bundleEndpointURL', 'https://web.example/bundle'],
  ],
  [
    ...['federation', 'create', '-trustDomain', 'example.org', '-bundleEndpointProfile', 'https_web'],
    ...['-bundleEndpointURL', 'https://web.example/bundle'],
  ],
  ['federation', 'list'],
  ['federation', 'show', '-trustDomain', 'web.example'],
  ['federation', 'show', '-trustDomain', 'spiffe.example'],
  ['federation', 'show', '-trustDomain', 'none.example'],
  [
    ...['federation', 'update', '-trustDomain', 'web.example', '-bundleEndpointProfile', 'https_web'],
    ...['-bundleEndpointURL', 'https://web.example:8443/'],
  ],
  [
    ...['federation', 'update', '-trustDomain', 'none.example', '-bundleEndpointProfile', 'https_web'],
    ...['-bundleEndpointURL', 'https://web.example:8443/'],
  ],
  ['federation', 'refresh', '-id', 'spiffe.example'],
  ['federation', 'refresh', '-id', 'none.example'],
  ['federation', 'delete', '-id', 'web.example'],
  ['federation', 'delete', '-id', 'web.example'],
  ['federation', 'delete', '-id', 'spiffe://spiffe.example'],
  ['federation', 'delete', '-id', 'file.example'],
  ...['spiffe', 'file', 'json'].map((name) => ['bundle', 'delete', '-id', `spiffe://${name}.example`]),
  ['bundle', 'list'],
];

/** The same of entries, and of an agent, which is evicted at the end; what a script makes has IDs of its own. */
export const changesScript = (files: EntryFiles, agentId: string): readonly Script[] => [
  [
    ...['entry', 'create', '-entryID', 'whole', '-spiffeID', 'spiffe://example.org/whole', '-selector', 'unix:uid:1'],
    ...['-selector', 'unix:gid:2', '-parentID', agentId, '-x509SVIDTTL', '60', '-jwtSVIDTTL', '30', '-admin'],
    ...['-downstream', '-dns', 'a.example.org', '-dns', 'b.example.org', '-hint', 'h', '-entryExpiry', '4102444800'],
    ...['-disableX509SVIDPrefetch', '-jwtSVIDIncludeJTI'],
  ],
  ['entry', 'create', '-data', files.entries],
  ['entry', 'create', '-data', files.entries],
  [
    ...['entry', 'create', '-node', '-entryID', 'nodes', '-spiffeID', 'spiffe://example.org/nodes'],
    ...['-selector', 'x509pop:subject:cn:a'],
  ],
  ['entry', 'show', '-parentID', agentId],
  ['entry', 'show', '-downstream'],
  ['entry', 'show', '-hint', 'h'],
  ['entry', 'show', '-entryID', 'whole'],
  ['entry', 'show', '-selector', 'unix:uid:1', '-matchSelectorsOn', 'exact'],
  ['entry', 'show', '-selector', 'unix:uid:1', '-selector', 'unix:gid:2', '-matchSelectorsOn', 'superset'],
  ['entry', 'show', '-selector', 'unix:uid:1', '-matchSelectorsOn', 'any'],
  ['entry', 'show', '-federatesWith', 'spiffe://none.example'],
  ['entry', 'count', '-parentID', agentId, '-hint', 'h'],
  [
    ...['entry', 'update', '-entryID', 'whole', '-spiffeID', 'spiffe://example.org/whole', '-selector', 'unix:uid:3'],
    ...['-parentID', 'spiffe://example.org/agent', '-dns', 'c.example.org', '-storeSVID'],
  ],
  ['entry', 'delete', '-entryID', 'whole'],
  ['entry', 'delete', '-file', files.ids],
  ['token', 'generate'],
  ['token', 'generate', '-ttl', '60', '-spiffeID', 'spiffe://example.org/other'],
  ['x509', 'mint', '-spiffeID', 'spiffe://example.org/minted', '-dns', 'm.example.org', '-ttl', '60s'],
  ['jwt', 'mint', '-spiffeID', 'spiffe://example.org/minted', '-audience', 'a', '-audience', 'b', '-ttl', '60s'],
  ['agent', 'show', '-spiffeID', agentId],
  ['agent', 'ban', '-spiffeID', agentId],
  ['agent', 'ban', '-spiffeID', agentId],
  ['agent', 'show', '-spiffeID', agentId],
  ['agent', 'list', '-banned', 'true'],
  ['agent', 'list', '-attestationType', 'join_token', '-canReattest', 'false', '-banned', 'false'],
  ['agent', 'list', '-expiresBefore', '2020-01-01 00:00:00 +0000 +00'],
  ['agent', 'count', '-attestationType', 'join_token', '-banned', 'true'],
  ['agent', 'evict', '-spiffeID', agentId],
  ['agent', 'evict', '-spiffeID', agentId],
];
