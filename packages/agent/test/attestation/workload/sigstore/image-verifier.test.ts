import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Worker } from 'node:worker_threads';
import { silentLogger, systemClock } from '@credence/sdk/runtime';
import { ImageVerifier, type SigstoreRules } from '../../../../dist/attestation/workload/sigstore/image-verifier.js';
import { FakeRegistry, imageDigest } from '../../../support/fake-registry.js';
import { FakeSigstore, rekorUrl, signer, type Layer, type Signing } from '../../../support/fake-sigstore.js';
import { temporaryFolder } from '../../../support/endpoint.js';

const { signal } = new AbortController();

const withoutLog = ['image-signature', 'image-signature-subject', 'image-signature-issuer', 'image-signature-value'];

interface LogEntry {
  logIndex: string;
  inclusionPromise?: object;
  inclusionProof: { logIndex: string; checkpoint: { envelope: string } };
}

interface Bundle {
  verificationMaterial: { certificate: object; tlogEntries: LogEntry[]; timestampVerificationData?: object };
  dsseEnvelope: { payload: string };
}

const otherDigest = `sha256:${'0'.repeat(64)}`;
const signPredicate = 'https://sigstore.dev/cosign/sign/v1';
const provenance = 'https://slsa.dev/provenance/v1';

describe('the verification of an image that cosign signed', () => {
  let sigstore: FakeSigstore;
  let registry: FakeRegistry;
  let folder: string;
  let trustedRootPath: string;

  before(async () => {
    sigstore = new FakeSigstore();
    folder = await temporaryFolder();
    trustedRootPath = join(folder, 'trusted-root.json');
    await writeFile(trustedRootPath, await sigstore.trustedRoot());
  });

  after(() => rm(folder, { recursive: true, force: true }));

  beforeEach(async () => {
    registry = await FakeRegistry.start();
  });

  afterEach(() => registry[Symbol.asyncDispose]());

  // A bundle that signs the image, changed afterwards.
  async function changedLayer(change: (bundle: Bundle) => void, signing: Signing = {}): Promise<Layer> {
    const layer = await sigstore.bundle(imageDigest, signPredicate, signing);
    const bundle = JSON.parse(layer.blob.toString()) as Bundle;
    change(bundle);
    return { ...layer, blob: Buffer.from(JSON.stringify(bundle)) };
  }

  const changedBundle = (change: (entry: LogEntry) => void, signing?: Signing): Promise<Layer> =>
    changedLayer(({ verificationMaterial: { tlogEntries } }) => {
      for (const entry of tlogEntries) change(entry);
    }, signing);

  function verify(change: Partial<SigstoreRules> = {}): Promise<readonly string[]> {
    const rules: SigstoreRules = {
      allowedSigners: [signer],
      rekorUrl: undefined,
      ignoreTlog: false,
      ignoreSct: false,
      ignoreAttestations: true,
      registryCredentials: {},
      insecureRegistries: [registry.host],
      trustedRoot: { kind: 'file', path: trustedRootPath },
      ...change,
    };
    const verifier = new ImageVerifier({ clock: systemClock, log: silentLogger, rules, cachePath: folder });
    return verifier.verify(registry.image, signal);
  }

  describe('says who signed', () => {
    it('at the tag .sig, with what the transparency log says of it', async () => {
      const signature = await sigstore.signature(imageDigest);
      registry.pushSignatures(signature);
      const annotations = signature.annotations ?? {};
      const { SignedEntryTimestamp, Payload } = JSON.parse(annotations['dev.sigstore.cosign/bundle'] ?? '') as {
        SignedEntryTimestamp: string;
        Payload: { integratedTime: number; logIndex: number; logID: string };
      };
      assert.deepEqual(await verify(), [
        'image-signature:verified',
        `image-signature-subject:${signer.subject}`,
        `image-signature-issuer:${signer.issuer}`,
        `image-signature-value:${annotations['dev.cosignproject.cosign/signature'] ?? ''}`,
        `image-signature-log-id:${Payload.logID}`,
        `image-signature-log-index:${Payload.logIndex}`,
        `image-signature-integrated-time:${Payload.integratedTime}`,
        `image-signature-signed-entry-timestamp:${SignedEntryTimestamp}`,
      ]);
    });

    for (const by of ['index', 'tag'] as const) {
      it(`in a bundle that refers to the image by the ${by} of referrers`, async () => {
        registry.refer(by, await sigstore.bundle(imageDigest, signPredicate));
        const selectors = await verify();
        const kinds = selectors.map((selector) => selector.split(':')[0]);
        assert.deepEqual(kinds, [
          'image-signature',
          'image-signature-subject',
          'image-signature-issuer',
          'image-signature-value',
          'image-signature-log-id',
          'image-signature-log-index',
          'image-signature-integrated-time',
          'image-signature-signed-entry-timestamp',
        ]);
        assert.ok(selectors.includes(`image-signature-subject:${signer.subject}`));
      });
    }

    it('in a bundle whose type the registry does not know, beside what else refers to the image', async () => {
      const [bundle, other] = [await sigstore.bundle(imageDigest, signPredicate), { blob: Buffer.from('parts') }];
      registry.refer(
        'index',
        { ...other, mediaType: 'text/plain', artifactType: 'application/vnd.example' },
        { ...other, mediaType: 'text/plain', artifactType: 'application/vnd.oci.empty.v1+json' },
        { ...bundle, artifactType: 'application/vnd.oci.empty.v1+json' },
      );
      assert.ok((await verify()).includes(`image-signature-subject:${signer.subject}`));
      assert.equal(registry.requests.filter(({ path }) => path.includes('/manifests/sha256:')).length, 2);
    });

    it('by a log that signs by the name of its host', async () => {
      registry.refer(
        'index',
        await changedBundle((entry) => {
          const { checkpoint } = entry.inclusionProof;
          checkpoint.envelope = checkpoint.envelope.replace(/\u2014 \S+ /, '\u2014 rekor-0 ');
        }),
      );
      assert.equal((await verify())[0], 'image-signature:verified');
    });

    it('by a log that promised nothing, of which nobody signed more than its proof', async () => {
      const withoutPromise = (entry: LogEntry): void => {
        delete entry.inclusionPromise;
      };
      registry.refer('index', await changedBundle(withoutPromise, { timestamped: true }));
      assert.deepEqual(
        (await verify()).map((selector) => selector.split(':')[0]),
        withoutLog,
      );
      registry.refer('index', await changedBundle(withoutPromise));
      await assert.rejects(verify(), /expected 1 timestamps, got 0/);
    });

    it('at the time that a timestamp authority says, when the log is ignored', async () => {
      const signing = { logged: false, timestamped: true };
      registry.pushSignatures(await sigstore.signature(imageDigest, signing));
      assert.deepEqual(
        (await verify({ ignoreTlog: true })).map((selector) => selector.split(':')[0]),
        withoutLog,
      );
      registry.pushSignatures(await sigstore.signature(imageDigest, { ...signing, issued: new Date(0) }));
      await assert.rejects(verify({ ignoreTlog: true }), /certificate is not valid or expired at the specified date/);
    });

    it('with the place in the log as the number that the log signed', async () => {
      registry.refer(
        'index',
        await changedBundle((entry) => {
          entry.logIndex = `00${entry.logIndex}`;
        }),
      );
      const place = (await verify()).find((selector) => selector.startsWith('image-signature-log-index:')) ?? '';
      assert.match(place, /:(0|[1-9]\d*)$/);
    });

    it('of several the ones that count, each value once', async () => {
      const foreign = { subject: 'https://ci.example/other' };
      const two = [await sigstore.signature(imageDigest), await sigstore.signature(imageDigest)];
      registry.pushSignatures(await sigstore.signature(imageDigest, foreign), ...two);
      const selectors = await verify();
      const subjects = selectors.filter((selector) => selector.startsWith('image-signature-subject:'));
      assert.deepEqual(subjects, [`image-signature-subject:${signer.subject}`]);
      assert.equal(selectors.filter((selector) => selector.startsWith('image-signature-value:')).length, 2);
    });

    it('without the log when the log is ignored', async () => {
      registry.pushSignatures(await sigstore.signature(imageDigest, { logged: false }));
      assert.deepEqual(
        (await verify({ ignoreTlog: true })).map((selector) => selector.split(':')[0]),
        withoutLog,
      );
    });

    it('of a certificate that no log knows when SCTs are ignored', async () => {
      registry.pushSignatures(await sigstore.signature(imageDigest, { sct: false }));
      await assert.rejects(verify(), /expected 1 SCTs, got 0/);
      assert.equal((await verify({ ignoreSct: true }))[0], 'image-signature:verified');
    });

    it('of a certificate that an unknown log knows when SCTs are ignored', async () => {
      const root = JSON.parse(await sigstore.trustedRoot()) as Record<string, unknown>;
      const path = join(folder, 'without-ctlogs.json');
      await writeFile(path, JSON.stringify({ ...root, ctlogs: [] }));
      const trustedRoot = { kind: 'file', path } as const;
      registry.pushSignatures(await sigstore.signature(imageDigest));
      await assert.rejects(verify({ trustedRoot }), /SCT verification failed/);
      assert.equal((await verify({ trustedRoot, ignoreSct: true }))[0], 'image-signature:verified');
    });

    it('when it is in the log that rekor_url names', async () => {
      registry.pushSignatures(await sigstore.signature(imageDigest));
      assert.equal((await verify({ rekorUrl: `${rekorUrl}/` }))[0], 'image-signature:verified');
      await assert.rejects(
        verify({ rekorUrl: 'https://other.example' }),
        /no transparency log https:\/\/other\.example, which rekor_url names; it has https:\/\/rekor\.example/,
      );
    });
  });

  describe('wants an attestation, unless attestations are ignored', () => {
    beforeEach(async () => {
      registry.pushSignatures(await sigstore.signature(imageDigest));
    });

    it('at the tag .att', async () => {
      registry.pushAttestations(await sigstore.attestation(imageDigest));
      const selectors = await verify({ ignoreAttestations: false });
      assert.deepEqual(selectors.slice(0, 2), ['image-signature:verified', 'image-attestations:verified']);
    });

    it('or in a bundle that refers to the image', async () => {
      registry.refer('index', await sigstore.bundle(imageDigest, provenance));
      assert.equal((await verify({ ignoreAttestations: false }))[1], 'image-attestations:verified');
      assert.ok(!(await verify()).includes('image-attestations:verified'));
    });

    it('and a signature is none', async () => {
      registry.refer('index', await sigstore.bundle(imageDigest, signPredicate));
      const expected = new RegExp(
        `the registry has no attestation of ${registry.image}; ignore_attestations does without`,
      );
      await assert.rejects(verify({ ignoreAttestations: false }), expected);
    });

    it('nor is one of another image', async () => {
      registry.pushAttestations(await sigstore.attestation(otherDigest));
      await assert.rejects(
        verify({ ignoreAttestations: false }),
        /no attestation of .* counts, of 1: signed for another/,
      );
    });

    it('nor one by somebody who may not', async () => {
      registry.pushAttestations(await sigstore.attestation(imageDigest, { subject: 'https://eve.example/' }));
      await assert.rejects(verify({ ignoreAttestations: false }), /"https:\/\/eve\.example\/".* does not name/);
    });
  });

  it('an attestation is no signature', async () => {
    registry.refer('index', await sigstore.bundle(imageDigest, provenance));
    await assert.rejects(verify(), /the registry has no signature of /);
  });

  describe('refuses', () => {
    const changed = ({ annotations, ...layer }: Layer, change: Record<string, string | undefined>): Layer => {
      const all = Object.entries({ ...annotations, ...change });
      const given = all.filter((entry): entry is [string, string] => entry[1] !== undefined);
      return { ...layer, annotations: Object.fromEntries(given) };
    };
    const bundleKey = 'dev.sigstore.cosign/bundle';
    const cases: readonly [string, () => Promise<readonly Layer[]>, RegExp][] = [
      ['an image that nobody signed', () => Promise.resolve([]), /the registry has no signature of /],
      [
        'the signature of another image',
        async () => [await sigstore.signature(otherDigest)],
        /counts, of 1: signed for another image: sha256:0{64}/,
      ],
      [
        'a signature by a subject that is not allowed',
        async () => [await sigstore.signature(imageDigest, { subject: 'https://ci.example/fork' })],
        /signed by "https:\/\/ci\.example\/fork" of "https:\/\/ci\.example", which allowed_identities does not name/,
      ],
      [
        'a signature by the word of an issuer that is not allowed',
        async () => [await sigstore.signature(imageDigest, { issuer: 'https://eve.example' })],
        /of "https:\/\/eve\.example", which allowed_identities does not name/,
      ],
      [
        'a signature that is in no log',
        async () => [await sigstore.signature(imageDigest, { logged: false })],
        /expected 1 timestamps, got 0/,
      ],
      [
        'a signature of a Sigstore that nobody trusts',
        async () => [await new FakeSigstore().signature(imageDigest)],
        /Failed to verify certificate chain: no/,
      ],
      [
        'a signature with the log entry of another',
        async () => {
          const other = await sigstore.signature(imageDigest);
          return [changed(await sigstore.signature(imageDigest), { [bundleKey]: other.annotations?.[bundleKey] })];
        },
        /signature mismatch/,
      ],
      [
        'a log entry that was changed after the log signed it',
        async () => {
          const layer = await sigstore.signature(imageDigest);
          const bundle = (layer.annotations?.[bundleKey] ?? '').replace(/"logIndex":\d+/, '"logIndex":1');
          return [changed(layer, { [bundleKey]: bundle })];
        },
        /inclusion promise could not be verified/,
      ],
      [
        'a certificate that had expired when the signature was logged',
        async () => [await sigstore.signature(imageDigest, { issued: new Date(Date.now() - 3_600_000) })],
        /certificate is not valid or expired at the specified date/,
      ],
      [
        'a signature that is not of its payload',
        async () => {
          const [layer, other] = [await sigstore.signature(imageDigest), await sigstore.signature(otherDigest)];
          return [{ ...other, blob: layer.blob }];
        },
        /digest mismatch/,
      ],
      [
        'a signature without a certificate',
        async () => [changed(await sigstore.signature(imageDigest), { 'dev.sigstore.cosign/certificate': undefined })],
        /signed with a key of its own; certificates of Fulcio are looked at/,
      ],
      [
        'a payload that is none',
        async () => [{ ...(await sigstore.signature(imageDigest)), blob: Buffer.from('{"critical":{}}') }],
        /something signed has an unknown form/,
      ],
      [
        'a certificate that is none',
        async () => [changed(await sigstore.signature(imageDigest), { 'dev.sigstore.cosign/certificate': 'none' })],
        /a certificate that is not PEM/,
      ],
      [
        'a log entry of an unknown form',
        async () => [changed(await sigstore.signature(imageDigest), { [bundleKey]: '{"Payload":{}}' })],
        /something signed has an unknown form/,
      ],
    ];
    for (const [name, layers, expected] of cases) {
      it(name, async () => {
        const pushed = await layers();
        if (pushed.length > 0) registry.pushSignatures(...pushed);
        await assert.rejects(verify(), { code: 'ERR_ATTESTATION', message: expected });
      });
    }

    it('a certificate that has expired when the log is ignored', async () => {
      registry.pushSignatures(await sigstore.signature(imageDigest, { issued: new Date(Date.now() - 3_600_000) }));
      await assert.rejects(verify({ ignoreTlog: true }), /certificate is not valid or expired at the specified date/);
    });

    it('a certificate whose issuer or subject is another in seven bits', async () => {
      const name = 'https://ci.example/a-1';
      const allowedSigners = [{ issuer: name, subject: name }];
      registry.pushSignatures(await sigstore.signature(imageDigest, { issuer: name, subject: name }));
      assert.equal((await verify({ allowedSigners }))[0], 'image-signature:verified');
      // Of the bytes 0xe1, 0xad and 0xb1, which are "a", "-" and "1" without their eighth bits.
      const other = name.replace('a-1', '\u1b71');
      registry.pushSignatures(await sigstore.signature(imageDigest, { issuer: other, subject: name }));
      await assert.rejects(verify({ allowedSigners }), /names its signer in other characters than those of ASCII/);
    });

    it('a certificate that is for something else than code', async () => {
      registry.pushSignatures(await sigstore.signature(imageDigest, { forServers: true }));
      await assert.rejects(verify({ ignoreSct: true }), /the certificate is not one for signing code/);
    });

    it('a bundle of another image, or whose statement was changed', async () => {
      registry.refer('index', await sigstore.bundle(otherDigest, signPredicate));
      await assert.rejects(verify(), /signed for another image/);
      const layer = await sigstore.bundle(otherDigest, signPredicate);
      const bundle = JSON.parse(layer.blob.toString()) as { dsseEnvelope: { payload: string } };
      const statement = Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString();
      bundle.dsseEnvelope.payload = Buffer.from(
        statement.replace('0'.repeat(64), imageDigest.replace('sha256:', '')),
      ).toString('base64');
      registry.refer('index', { ...layer, blob: Buffer.from(JSON.stringify(bundle)) });
      await assert.rejects(verify(), /payload hash mismatch/i);
    });

    for (const { what, change } of [
      {
        what: 'log entries',
        change: ({ verificationMaterial: material }: Bundle) => {
          material.tlogEntries = Array.from({ length: 17 }, () => material.tlogEntries[0]).filter(
            (entry) => entry !== undefined,
          );
        },
      },
      {
        what: 'timestamps',
        change: ({ verificationMaterial: material }: Bundle) => {
          const rfc3161Timestamps = Array.from({ length: 17 }, () => ({ signedTimestamp: 'MAA=' }));
          material.timestampVerificationData = { rfc3161Timestamps };
        },
      },
    ]) {
      it(`a bundle with more ${what} than there can be`, async () => {
        registry.refer('index', await changedLayer(change));
        await assert.rejects(verify(), /a bundle with more than 16 log entries or timestamps/);
      });
    }

    for (const { what, change } of [
      {
        what: 'certificate',
        change: ({ verificationMaterial: material }: Bundle) => {
          material.certificate = { rawBytes: Buffer.alloc(16 * 1024 + 1).toString('base64') };
        },
      },
      {
        what: 'timestamp',
        change: ({ verificationMaterial: material }: Bundle) => {
          const signedTimestamp = Buffer.alloc(16 * 1024 + 1).toString('base64');
          material.timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp }] };
        },
      },
      {
        what: 'place in the log',
        change: ({ verificationMaterial: { tlogEntries } }: Bundle) => {
          for (const { inclusionProof } of tlogEntries) inclusionProof.logIndex = '9'.repeat(16 * 1024 + 1);
        },
      },
    ]) {
      it(`a bundle with a larger ${what} than there can be`, async () => {
        registry.refer('index', await changedLayer(change));
        await assert.rejects(verify(), /a bundle with a certificate, timestamp or checkpoint of more than 16384 bytes/);
      });
    }

    it('a statement of more than 1,000 subjects', async () => {
      const sha256 = imageDigest.replace('sha256:', '');
      const statementOf = (count: number): Promise<Layer> =>
        changedLayer((bundle) => {
          const subject = Array.from({ length: count }, () => ({ digest: { sha256, sha512: 1 } }));
          const payload = Buffer.from(JSON.stringify({ predicateType: signPredicate, subject })).toString('base64');
          bundle.dsseEnvelope.payload = payload;
        });
      registry.refer('index', await statementOf(1000));
      await assert.rejects(verify(), /payload hash mismatch/i);
      registry.refer('index', await statementOf(1001));
      await assert.rejects(verify(), /something signed has an unknown form/);
    });

    // @sigstore/verify takes the name for a regular expression.
    it('a checkpoint whose signature is none, as fast as any, whatever pattern its name is', async () => {
      const bundle = await changedBundle((entry) => {
        const { checkpoint } = entry.inclusionProof;
        checkpoint.envelope = checkpoint.envelope.replace(/\u2014 \S+ (\S{12})\S+/, '\u2014 (.*)*(.*)*(.*)*! $1');
      });
      registry.refer('index', bundle);
      const begin = performance.now();
      await assert.rejects(verify(), /invalid checkpoint signature/);
      assert.ok(performance.now() - begin < 2000);
    });

    it('to speak to a registry without TLS that nobody named', async () => {
      registry.pushSignatures(await sigstore.signature(imageDigest));
      await assert.rejects(verify({ insecureRegistries: ['127.0.0.1'] }), /wrong version number|EPROTO|SSL/);
      assert.deepEqual(registry.requests, []);
    });

    it('but a broken one hides no other', async () => {
      const good = await sigstore.signature(imageDigest);
      registry.pushSignatures({ ...good, blob: Buffer.from('{') }, good);
      assert.equal((await verify())[0], 'image-signature:verified');
    });

    it('and tells of five reasons at most, each in part', async () => {
      const subject = `https://eve.example/${'e'.repeat(2000)}`;
      const layers = await Promise.all(Array.from({ length: 7 }, () => sigstore.signature(imageDigest, { subject })));
      registry.pushSignatures(...layers);
      await assert.rejects(verify(), ({ message }: Error) => {
        assert.match(message, /counts, of 7: /);
        assert.ok(message.length < 5 * 310 + 200, String(message.length));
        return true;
      });
    });
  });

  describe('judges in a thread', () => {
    // An operator's pattern, on which some subjects take years.
    const allowedSigners = [{ issuer: '.*', subject: '([a-z]+-?)+@example\\.org' }];

    it('that is ended when it takes longer than two seconds, and keeps nobody waiting', async () => {
      const subject = `https://${'a'.repeat(64)}`;
      const worst = { issuer: '.*', subject: '(https://)?([a-z]+-?)+@example\\.org' };
      registry.pushSignatures(await sigstore.signature(imageDigest, { subject }));
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      await assert.rejects(verify({ allowedSigners: [worst] }), {
        code: 'ERR_ATTESTATION',
        message: 'what is beside the image cannot be judged: it takes longer than 2000 ms',
      });
      delay.disable();
      assert.ok(delay.max < 500e6, `${delay.max / 1e6} ms`);
    });

    it('that ends with the verification', async () => {
      const threads: Promise<unknown>[] = [];
      const note = (worker: Worker): void => void threads.push(once(worker, 'exit'));
      process.on('worker', note);
      try {
        registry.pushSignatures(await sigstore.signature(imageDigest), await sigstore.signature(imageDigest));
        await verify();
        await assert.rejects(verify({ allowedSigners }), /which allowed_identities does not name/);
        assert.equal((await Promise.all(threads)).length, 2);
        registry.pushSignatures();
        await assert.rejects(verify(), /has no signature/);
        assert.equal(threads.length, 2);
      } finally {
        process.off('worker', note);
      }
    });
  });

  describe('says what is wrong with the trusted root', () => {
    const cases: readonly [string, string | undefined, RegExp][] = [
      ['that is not there', undefined, /holds no Sigstore trusted root: ENOENT/],
      ['that is not JSON', 'root', /holds no Sigstore trusted root: it is not JSON/],
      ['that is something else', '{"tlogs":[{}]}', /holds no Sigstore trusted root/],
    ];
    for (const [name, content, expected] of cases) {
      it(name, async () => {
        const path = join(folder, `${name}.json`);
        if (content !== undefined) await writeFile(path, content);
        await assert.rejects(verify({ trustedRoot: { kind: 'file', path } }), {
          code: 'ERR_ATTESTATION',
          message: expected,
        });
      });
    }
  });
});
