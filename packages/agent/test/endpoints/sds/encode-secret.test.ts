import assert from 'node:assert/strict';
import { encodeSecret } from '../../../dist/endpoints/sds/encode-secret.js';
import { SecretCatalog } from '../../../dist/endpoints/sds/secret-catalog.js';
import { defaultAgentSettings } from '../../../dist/settings.js';
import { identity, snapshot, trustBundle } from '../../support/fake-workload-snapshots.js';

const names = new Set(['default', 'spiffe://example.org/a', 'ROOTCA', 'ALL']);

describe('encoded secrets', () => {
  const state = snapshot([identity('a')], { federated: [trustBundle('aaa.example', 'foreign')] });
  const catalogOf = (of: typeof state): SecretCatalog => new SecretCatalog(of, defaultAgentSettings.sds, false);

  it('are made once for all streams, and again only where something changed', () => {
    const catalog = catalogOf(state);
    const first = catalog.select(names).map((secret) => encodeSecret(secret, 'spiffe'));
    const second = catalog.select(names).map((secret) => encodeSecret(secret, 'spiffe'));
    for (const [index, secret] of first.entries()) assert.equal(secret, second[index]);
    const rotated = catalogOf({ ...state, identities: [identity('b')] });
    assert.equal(encodeSecret(rotated.select(new Set(['ROOTCA']))[0]!, 'spiffe'), first[2]);
  });

  it('have the same version for the same contents, and tell nothing of the private key by it', () => {
    const [own] = state.identities;
    assert.ok(own !== undefined);
    const versionOf = (svid: typeof own.svid): string =>
      encodeSecret({ kind: 'certificate', name: 'default', identity: { ...own, svid } }, 'spiffe').version;
    const version = versionOf({ ...own.svid });
    assert.match(version, /^[0-9a-f]{32}$/);
    assert.equal(versionOf({ ...own.svid, privateKey: Buffer.from('another') }), version);
    assert.notEqual(versionOf({ ...own.svid, chain: [Buffer.from('another')] }), version);
  });

  it('are never all bundles for a plain validator', () => {
    const [all] = catalogOf(state).select(new Set(['ALL']));
    assert.ok(all !== undefined);
    assert.ok(encodeSecret(all, 'spiffe'));
    assert.throws(() => encodeSecret(all, 'plain'), { code: 13 });
  });
});
