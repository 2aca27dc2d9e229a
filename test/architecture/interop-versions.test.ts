// The versions of foreign programs and libraries stand in one file; what Go wants in files of its own says the same.
import assert from 'node:assert/strict';
import { readProse } from '../support/prose.js';

describe('test/interop/versions.json', () => {
  const versions = JSON.parse(readProse('test/interop/versions.json')) as Record<string, string>;
  const spiffe = { goSpiffe: 'github.com/spiffe/go-spiffe/v2', spireApiSdk: 'github.com/spiffe/spire-api-sdk' };
  const signing = {
    spire: 'github.com/spiffe/spire',
    cosign: 'github.com/sigstore/cosign/v3',
    fulcio: 'github.com/sigstore/fulcio',
  };
  const modulesOf: Record<string, Record<string, string>> = {
    'test/interop/go-peer/go.mod': spiffe,
    'test/interop/sigstore-peer/go.mod': signing,
    'test/bench/spire/load/go.mod': spiffe,
  };

  for (const [file, modules] of Object.entries(modulesOf)) {
    it(`has the versions of ${file}`, () => {
      for (const [name, module] of Object.entries(modules)) {
        const [version] = versions[name]?.split(' ') ?? [];
        assert.ok(readProse(file).includes(`\t${module} v${String(version)}\n`), name);
      }
    });
  }
});
