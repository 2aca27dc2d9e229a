import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { parseImageReference } from '../../../../dist/attestation/workload/sigstore/image-reference.js';
import { Repository } from '../../../../dist/attestation/workload/sigstore/repository.js';
import { FakeRegistry, imageDigest } from '../../../support/fake-registry.js';
import { assertRefused, chatter, descriptorOf } from '../../../support/repository-refusal.js';

const mebibyte = 1024 * 1024;

describe('a repository of a registry', () => {
  let registry: FakeRegistry;
  let end: AbortController;

  beforeEach(async () => {
    registry = await FakeRegistry.start();
    end = new AbortController();
  });

  afterEach(() => registry[Symbol.asyncDispose]());

  const repository = (): Repository =>
    new Repository(
      parseImageReference(registry.image),
      { credentials: undefined, insecureRegistries: [registry.host] },
      end.signal,
    );
  const paths = (): readonly string[] => registry.requests.map(({ path }) => path);

  describe('reads', () => {
    it('the layers of a manifest by its tag or its digest, and none where there is no manifest', async () => {
      const blob = Buffer.from('signed');
      const digest = registry.push('tag', { mediaType: 'text/plain', blob, annotations: { a: 'b' } });
      const expected = [
        { mediaType: 'text/plain', digest: descriptorOf(blob).digest, size: 6, annotations: { a: 'b' } },
      ];
      assert.deepEqual(await repository().layers('tag'), expected);
      assert.deepEqual(await repository().layers(digest), expected);
      assert.deepEqual(await repository().layers('other'), []);
      assert.deepEqual(
        paths(),
        ['tag', digest, 'other'].map((name) => `/v2/app/manifests/${name}`),
      );
    });

    it('manifests of Docker, too', async () => {
      registry.push('tag', { mediaType: 'text/plain', blob: Buffer.from('signed') });
      registry.misbehave = ({ headers: { accept = '' } }, response) =>
        !accept.includes('application/vnd.docker.distribution.manifest.v2+json') &&
        Boolean(response.writeHead(404).end());
      assert.equal((await repository().layers('tag')).length, 1);
    });

    it('a blob', async () => {
      const blob = Buffer.from('signed');
      registry.push('tag', { mediaType: 'text/plain', blob });
      assert.deepEqual(await repository().blob(descriptorOf(blob)), blob);
    });

    it('what refers to the image by the index of referrers, and asks no further', async () => {
      registry.refer('index', { mediaType: 'text/plain', blob: Buffer.from('signed') });
      assert.equal((await repository().referrers()).length, 1);
      assert.deepEqual(paths(), [`/v2/app/referrers/${imageDigest}`]);
    });

    for (const status of [404, 400, 406]) {
      it(`what refers to the image by its tag where the index of referrers is answered with ${status}`, async () => {
        const misbehave = (path: string, response: ServerResponse): boolean =>
          path.includes('/referrers/') && Boolean(response.writeHead(status).end());
        registry.misbehave = ({ url = '' }, response) => misbehave(url, response);
        registry.refer('tag', { mediaType: 'text/plain', blob: Buffer.from('signed') });
        assert.equal((await repository().referrers()).length, 1);
        registry.answers.clear();
        assert.deepEqual(await repository().referrers(), []);
      });
    }

    it('no referrers where the tag is something else than an index (Distribution, "Listing Referrers")', async () => {
      registry.push(imageDigest.replace(':', '-'), { mediaType: 'text/plain', blob: Buffer.from('a layer') });
      assert.deepEqual(await repository().referrers(), []);
      registry.answers.set(`manifests/${imageDigest.replace(':', '-')}`, Buffer.from('no JSON'));
      assert.deepEqual(await repository().referrers(), []);
    });
  });

  describe('says what a registry answered', () => {
    for (const [status, advice] of [
      [500, ''],
      [429, ''],
      [204, ''],
      [401, '; registry_credentials may name HOST'],
      [403, '; registry_credentials may name HOST'],
    ] as const) {
      it(`when it is ${status}`, async () => {
        registry.misbehave = (_, response) => Boolean(response.writeHead(status).end());
        const text = `^registry HOST answered ${status} to GET /v2/app/manifests/tag${advice}$`;
        await assertRefused(repository().layers('tag'), new RegExp(text.replaceAll('HOST', registry.host)));
        assert.equal(registry.requests.length, 1);
      });
    }

    it('when a blob is not there', async () => {
      await assertRefused(repository().blob(descriptorOf(Buffer.from('x'))), /^blob sha256:[0-9a-f]{64} is not there$/);
    });

    const manifests: readonly [string, string][] = [
      ['no JSON', `${chatter} {`],
      ['JSON of another shape', `{"layers":"${chatter}"}`],
      ['a layer whose digest is of another algorithm', '{"layers":[{"mediaType":"x","digest":"md5:00","size":1}]}'],
      [
        'a layer whose digest leads elsewhere',
        `{"layers":[{"mediaType":"x","digest":"${imageDigest}/../x","size":1}]}`,
      ],
      ['a layer of a negative size', `{"layers":[{"mediaType":"x","digest":"${imageDigest}","size":-1}]}`],
    ];
    for (const [name, manifest] of manifests) {
      it(`when it is ${name}, without a word of it`, async () => {
        registry.answers.set('manifests/tag', Buffer.from(manifest));
        await assertRefused(repository().layers('tag'), /^manifest tag has an unknown form$/);
        registry.answers.set(`referrers/${imageDigest}`, Buffer.from(manifest.replace('layers', 'manifests')));
        await assertRefused(repository().referrers(), /^the index of referrers has an unknown form$/);
      });
    }
  });

  describe('limits', () => {
    it('a manifest to 4 MiB', async () => {
      const ofLength = (length: number): Buffer => Buffer.from('{"layers":[]}'.padEnd(length));
      registry.answers.set('manifests/tag', ofLength(4 * mebibyte));
      assert.deepEqual(await repository().layers('tag'), []);
      registry.answers.set('manifests/tag', ofLength(4 * mebibyte + 1));
      await assert.rejects(repository().layers('tag'), /the body is larger than 4194304 bytes/);
    });

    it('a manifest to its first 1,000 layers, and to 250,000 values', async () => {
      const layers: object[] = Array.from({ length: 1000 }, () => descriptorOf(Buffer.from('a')));
      registry.answers.set('manifests/tag', Buffer.from(JSON.stringify({ layers: [...layers, {}] })));
      assert.equal((await repository().layers('tag')).length, 1000);
      registry.answers.set('manifests/tag', Buffer.from(JSON.stringify({ layers, more: Array(250_000).fill(0) })));
      await assert.rejects(repository().layers('tag'), /manifest tag has an unknown form/);
    });

    it('a blob to 16 MiB, before it asks', async () => {
      const blob = Buffer.alloc(16 * mebibyte);
      registry.answers.set(`blobs/${descriptorOf(blob).digest}`, blob);
      assert.equal((await repository().blob(descriptorOf(blob))).length, blob.length);
      const before = registry.requests.length;
      const larger = { ...descriptorOf(blob), size: blob.length + 1 };
      await assertRefused(repository().blob(larger), /has 16777217 bytes; up to 16777216 are read/);
      assert.equal(registry.requests.length, before);
    });

    it('a blob to the size that its descriptor says, and hangs up at the first byte more', async () => {
      const blob = Buffer.from('signed');
      let hungUp: Promise<unknown> = Promise.resolve();
      registry.misbehave = (_, response) => {
        hungUp = once(response, 'close');
        // And never ends.
        return response.writeHead(200).write(Buffer.concat([blob, blob.subarray(0, 1)])) || true;
      };
      await assert.rejects(repository().blob(descriptorOf(blob)), /the body is larger than 6 bytes/);
      await hungUp;
    });

    it('a blob to what its digest says', async () => {
      const blob = Buffer.from('signed');
      for (const changed of ['Signed', 'signe', '']) {
        registry.answers.set(`blobs/${descriptorOf(blob).digest}`, Buffer.from(changed));
        await assertRefused(repository().blob(descriptorOf(blob)), /^blob sha256:.* is not what its digest says$/);
      }
    });

    for (const [name, answer] of [
      ['never answers', () => true],
      ['never ends its answer', (response: ServerResponse) => response.writeHead(200).write('{') || true],
    ] as const) {
      it(`a registry that ${name} to the time that its caller has`, async () => {
        const asked = new Promise<void>((resolve) => {
          registry.misbehave = (_, response) => {
            resolve();
            return answer(response);
          };
        });
        const reason = new Error('too late');
        const reading = assert.rejects(repository().layers('tag'), reason);
        await asked;
        end.abort(reason);
        await reading;
        await assert.rejects(repository().layers('tag'), reason);
      });
    }
  });
});
