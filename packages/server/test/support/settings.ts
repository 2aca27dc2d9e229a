// What a server under test is told, but for what a test is about.
import { join } from 'node:path';
import { TrustDomain } from '@credence/sdk';
import type { ServerSettings } from '../../dist/settings.js';

export const trustDomain: TrustDomain = TrustDomain.parse('example.org');

/** On a free port of the loopback interface, without rate limits. */
export function settingsFor({ dataDir, socketPath }: Pick<ServerSettings, 'dataDir' | 'socketPath'>): ServerSettings {
  return {
    trustDomain,
    dataDir,
    bindAddress: '127.0.0.1',
    bindPort: 0,
    socketPath,
    caTtlMs: 86_400_000,
    keyManager: { kind: 'disk', path: join(dataDir, 'keys.json') },
    nodeAttestors: { x509pop: undefined },
    upstreamAuthority: undefined,
    agentPruning: undefined,
    caKeyType: 'ec-p256',
    jwtKeyType: 'ec-p256',
    defaultX509SvidTtlSeconds: 3600,
    defaultJwtSvidTtlSeconds: 300,
    disableJwtSvids: false,
    agentTtlSeconds: 3600,
    adminIds: [],
    rateLimit: { attestation: false, signing: false },
    federation: { bundleEndpoint: undefined, relationships: [] },
  };
}
