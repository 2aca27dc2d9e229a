import assert from 'node:assert/strict';
import { parseImageReference, registryNameOf } from '../../../../dist/attestation/workload/sigstore/image-reference.js';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const hub = 'registry-1.docker.io';

describe('the name of an image with a digest', () => {
  const names: readonly [string, string, string][] = [
    ['registry.example/team/app', 'registry.example', 'team/app'],
    ['registry.example:5000/app', 'registry.example:5000', 'app'],
    ['localhost/app', 'localhost', 'app'],
    ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000', 'a/b/c'],
    ['[::1]:5000/app', '[::1]:5000', 'app'],
    ['Registry.Example/app', 'registry.example', 'app'],
    ['registry.example/a__b/c-d.e', 'registry.example', 'a__b/c-d.e'],
    ['nginx', hub, 'library/nginx'],
    ['team/app', hub, 'team/app'],
    ['docker.io/library/nginx', hub, 'library/nginx'],
    ['docker.io/nginx', hub, 'library/nginx'],
    ['index.docker.io/team/app', hub, 'team/app'],
  ];
  for (const [name, registry, repository] of names) {
    it(`says that ${name} is ${repository} of ${registry}`, () => {
      assert.deepEqual(parseImageReference(`${name}@${digest}`), { registry, repository, digest });
    });
  }

  const refused: readonly string[] = [
    '',
    'app',
    'app:latest',
    `@${digest}`,
    'app@sha256:00',
    `app@${digest.toUpperCase()}`,
    `app@sha512:${'0'.repeat(128)}`,
    `app@${digest}@${digest}`,
    `registry.example/../app@${digest}`,
    `registry.example/App@${digest}`,
    `registry.example/app/@${digest}`,
    `registry.example//app@${digest}`,
    `registry.example/app?x@${digest}`,
    `user:word@registry.example/app@${digest}`,
    `registry.example#/app@${digest}`,
    `registry.example:port/app@${digest}`,
    `registry.example:5000000/app@${digest}`,
    `registry.example:99999/app@${digest}`,
    `1.2.3.4.5/app@${digest}`,
    `.example/app@${digest}`,
    `registry.example/app\n@${digest}`,
    `registry.example/${'a'.repeat(600)}@${digest}`,
  ];
  for (const text of refused) {
    it(`is not ${JSON.stringify(text.slice(0, 60))}`, () => {
      assert.throws(() => parseImageReference(text), { code: 'ERR_ATTESTATION', message: /no name of an image/ });
    });
  }

  it('knows a registry by all of its names', () => {
    assert.equal(registryNameOf('docker.io'), registryNameOf('index.docker.io'));
    assert.equal(registryNameOf('Registry.Example'), 'registry.example');
  });
});
