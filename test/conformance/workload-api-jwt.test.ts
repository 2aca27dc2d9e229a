// The attack vectors of JWT-SVID validation once more, through the agent's own ValidateJWTSVID.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { JwtBundle, type JwtBundleSource, type TrustDomain } from '@credence/sdk';
import { silentLogger, systemClock, systemRandom, type Clock } from '@credence/sdk/runtime';
import { workloadApi } from '@credence/sdk/wire';
import type { SpiffeWorkloadAPIClient } from '@credence/sdk/wire/gen/SpiffeWorkloadAPI.js';
import type { TrustBundle, TrustedBundles } from '../../packages/agent/dist/domain/workload-identity.js';
import { WorkloadEndpoint } from '../../packages/agent/dist/endpoints/workload-endpoint.js';
import { defaultAgentSettings } from '../../packages/agent/dist/settings.js';
import { claimVectors } from './jwt-svid/claim-vectors.js';
import { encodingVectors } from './jwt-svid/encoding-vectors.js';
import { headerVectors } from './jwt-svid/header-vectors.js';
import { keyVectors } from './jwt-svid/key-vectors.js';
import { aTest, bTest, createScene, draft, type Scene, type Trial } from './jwt-svid/vector.js';

const vectors = [...headerVectors, ...keyVectors, ...encodingVectors, ...claimVectors];
// A request that is too large is not read at all.
const refusals: readonly status[] = [status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED];

describe('ValidateJWTSVID of the agent', () => {
  let scene: Scene;
  let folder: string;
  let endpoint: WorkloadEndpoint;
  let client: SpiffeWorkloadAPIClient;
  let trusted: TrustedBundles;
  let now: Date | undefined;

  before(async () => {
    scene = await createScene();
    folder = await mkdtemp(join(tmpdir(), 'credence-test-'));
    const socketPath = join(folder, 'api.sock');
    const clock: Clock = { ...systemClock, now: () => now ?? systemClock.now() };
    endpoint = new WorkloadEndpoint({
      clock,
      random: systemRandom,
      log: silentLogger,
      attestation: { attest: () => Promise.resolve([]) },
      snapshots: {
        watch: () => assert.fail('nothing is streamed here'),
        entitlements: () => [],
        trusted: () => trusted,
      },
      jwtSvids: { fetch: () => Promise.reject(new Error('nothing is signed here')) },
      rules: defaultAgentSettings,
      services: defaultAgentSettings.services,
      rateLimits: defaultAgentSettings.rateLimits,
      socketPath,
      procPath: '/proc',
    });
    await endpoint.start();
    client = workloadApi.createClient(`unix:${socketPath}`, credentials.createInsecure());
  });
  after(async () => {
    client.close();
    await endpoint[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  function validate({ token, bundles = scene.bundles, options = {} }: Trial): Promise<string> {
    now = options.now;
    const federatedBundles = new Map([[bTest.name, trustBundle(bTest, bundles)]]);
    trusted = { bundle: trustBundle(aTest, bundles), federatedBundles };
    const metadata = new Metadata();
    metadata.set('workload.spiffe.io', 'true');
    return new Promise((resolve, reject) => {
      client.ValidateJWTSVID({ audience: 'me', svid: token }, metadata, (error, response) => {
        if (error === null) resolve(response?.spiffe_id ?? '');
        else reject(error);
      });
    });
  }

  async function accept(trials: readonly Trial[]): Promise<void> {
    // The agent asks for a key ID, as SPIRE's does.
    for (const trial of trials.filter(namesKey)) assert.match(await validate(trial), /^spiffe:\/\/[ab]\.test\/w$/);
  }

  for (const vector of vectors) {
    it(`WAPI-6.2.3-a: ${vector.expected === 'ACCEPT' ? 'accepts' : 'rejects'} ${vector.title}`, async () => {
      const trials = (await vector.trials(scene)).filter(isAgents);
      if (vector.expected === 'ACCEPT') {
        await accept(trials);
        return;
      }
      await accept(((await vector.twins?.(scene)) ?? [{ token: draft(scene) }]).filter(isAgents));
      for (const trial of trials) {
        await assert.rejects(validate(trial), ({ code }: ServiceError) => refusals.includes(code));
      }
    });
  }
});

function trustBundle(trustDomain: TrustDomain, source: JwtBundleSource): TrustBundle {
  const jwtBundle = bundleOf(trustDomain, source);
  return {
    trustDomain,
    x509Authorities: [],
    jwtBundle,
    taintedJwtKeyIds: new Set(),
    refreshHintSeconds: 0,
    sequenceNumber: 0n,
  };
}

function bundleOf(trustDomain: TrustDomain, source: JwtBundleSource): JwtBundle {
  try {
    return source.getJwtBundleForTrustDomain(trustDomain);
  } catch {
    return JwtBundle.fromAuthorities(trustDomain, []);
  }
}

function namesKey({ token }: Trial): boolean {
  const [header = ''] = token.split('.', 1);
  return 'kid' in (JSON.parse(Buffer.from(header, 'base64url').toString()) as object);
}

// A tolerance other than a minute cannot be asked of the agent, and its audience is always a text.
function isAgents({ options = {} }: Trial): boolean {
  const { clockToleranceSeconds = 60, audience = 'me' } = options;
  return clockToleranceSeconds === 60 && audience === 'me';
}
