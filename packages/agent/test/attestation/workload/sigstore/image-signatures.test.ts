import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@credence/sdk/runtime';
import { ImageSignatures } from '../../../../dist/attestation/workload/sigstore/image-signatures.js';
import { temporaryFolder } from '../../../support/endpoint.js';
import { FakeRegistry, imageDigest } from '../../../support/fake-registry.js';
import { FakeSigstore, signer } from '../../../support/fake-sigstore.js';

describe('the signatures of an image that has several names', () => {
  it('count while a registry of another name never answers', async () => {
    const folder = await temporaryFolder();
    await using silent = await FakeRegistry.start();
    await using registry = await FakeRegistry.start();
    silent.misbehave = () => true;
    const sigstore = new FakeSigstore();
    const path = join(folder, 'trusted-root.json');
    await writeFile(path, await sigstore.trustedRoot());
    registry.pushSignatures(await sigstore.signature(imageDigest));
    const signatures = new ImageSignatures({
      clock: systemClock,
      log: silentLogger,
      sigstore: {
        allowedSigners: [signer],
        skippedImages: [],
        rekorUrl: undefined,
        ignoreTlog: false,
        ignoreSct: false,
        ignoreAttestations: true,
        registryCredentials: {},
        insecureRegistries: [silent.host, registry.host],
        trustedRoot: { kind: 'file', path },
      },
      cachePath: folder,
    });
    const [verified] = await signatures.selectors({ id: imageDigest, names: [silent.image, registry.image] });
    assert.equal(verified, 'image-signature:verified');
    await rm(folder, { recursive: true });
  });
});
