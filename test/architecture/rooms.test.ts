// The rules of the house: which room may import which. ARCHITECTURE.md shows the same as a figure.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packages, repository, roomOf, sourceFiles, type PackageName } from '../support/source-tree.js';

const ground = ['runtime', 'spiffeid', 'der', 'json', 'keys', 'x509', 'bundle', 'svid'];
const upTo = (room: string): string[] => ground.slice(0, ground.indexOf(room));

/** What each room may import, besides itself. A room that is not named here fails the test. */
const mayImport: Record<PackageName, Record<string, readonly string[]>> = {
  sdk: {
    ...Object.fromEntries(ground.map((room) => [room, upTo(room)])),
    wire: ground,
    tls: [...ground, 'wire'],
    workloadapi: [...ground, 'wire', 'tls'],
    net: [],
    federation: [...ground, 'tls', 'net'],
    grpc: [...ground, 'wire', 'tls'],
    http: [...ground, 'tls'],
    testing: [...ground, 'wire', 'tls', 'workloadapi', 'federation'],
    daemon: ['runtime'],
    'index.ts': [...ground, 'tls', 'workloadapi'],
  },
  server: {
    domain: [],
    datastore: ['domain'],
    keys: ['domain'],
    ca: ['domain', 'datastore', 'keys'],
    registration: ['domain', 'datastore', 'keys'],
    attestation: ['domain', 'datastore', 'keys'],
    federation: ['domain', 'datastore', 'settings.js'],
    serverclient: ['domain', 'datastore', 'ca'],
    telemetry: ['domain'],
    api: ['domain', 'datastore', 'keys', 'ca', 'registration', 'attestation', 'settings.js'],
    'settings.ts': ['domain', 'keys'],
    'server.ts': [
      ...['domain', 'datastore', 'keys', 'ca', 'registration', 'attestation', 'federation', 'serverclient'],
      ...['telemetry', 'api', 'settings.js'],
    ],
    config: ['domain', 'settings.js'],
    cli: ['domain', 'settings.js', 'server.js', 'config'],
    'main.ts': ['cli'],
  },
  agent: {
    domain: [],
    serverclient: ['domain'],
    attestation: ['domain'],
    storage: ['domain', 'settings.js'],
    telemetry: ['domain'],
    identity: ['domain', 'serverclient', 'attestation', 'storage', 'settings.js'],
    endpoints: ['domain', 'serverclient', 'attestation', 'storage', 'identity'],
    'settings.ts': ['domain'],
    'agent.ts': [
      ...['domain', 'serverclient', 'attestation', 'storage', 'identity', 'telemetry', 'endpoints', 'settings.js'],
    ],
    config: ['domain', 'settings.js'],
    helper: [],
    cli: ['domain', 'settings.js', 'agent.js', 'config', 'helper'],
    'main.ts': ['cli'],
  },
};

/** Generated wire types stay in the rooms that speak on a wire. */
const wireRooms = ['wire', 'api', 'endpoints', 'serverclient', 'workloadapi', 'testing', 'cli'];

const files = sourceFiles();

describe('the house', () => {
  it('has every room in the plan', () => {
    for (const file of files) {
      assert.ok(file.room in mayImport[file.package], `${file.package}/src/${file.room} is in no rule`);
    }
  });

  it('imports only downwards', () => {
    const wrong = files.flatMap((file) =>
      file.imports
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => roomOf(file, specifier))
        .filter((room) => room !== file.room && !(mayImport[file.package][file.room] ?? []).includes(room))
        .map((room) => `${file.package}/src/${file.path} imports ${room}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('lets server and agent meet on the wire only', () => {
    const wrong = files.flatMap((file) =>
      file.imports
        .filter((specifier) => /^@credence\/(server|agent)/.test(specifier) || /\.\.\/(server|agent)\//.test(specifier))
        .map((specifier) => `${file.package}/src/${file.path} imports ${specifier}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('keeps generated wire types in the wire rooms', () => {
    const wrong = files
      .filter((file) => !wireRooms.includes(file.room) && file.imports.some((name) => name.includes('wire/gen/')))
      .map((file) => `${file.package}/src/${file.path}`);
    assert.deepEqual(wrong, []);
  });

  it('keeps the ground floor without gRPC', () => {
    const wrong = files
      .filter((file) => file.package === 'sdk' && ground.includes(file.room))
      .filter((file) => file.imports.some((name) => name.startsWith('@grpc/')))
      .map((file) => file.path);
    assert.deepEqual(wrong, []);
  });

  it('gives every room a line in ARCHITECTURE.md', () => {
    const text = readFileSync(join(repository, 'ARCHITECTURE.md'), 'utf8');
    for (const name of packages) {
      const section = text.split(`### packages/${name}`)[1]?.split('\n### ')[0] ?? '';
      const rooms = new Set(files.filter((file) => file.package === name).map((file) => file.room));
      for (const room of rooms) {
        const shown = room.endsWith('.ts') ? `\`${room}\`` : `\`${room}/\``;
        assert.ok(section.includes(shown), `ARCHITECTURE.md does not name ${shown} under packages/${name}`);
      }
    }
  });
});
