// Images that cosign signed, as SPIRE's docker attestor and ours judge them.
import assert from 'node:assert/strict';
import { copyReferrers, copyTag } from './hostile-pusher.js';
import {
  PrivateSigstore,
  releaseWorkflow,
  somebody,
  tagged,
  workflow,
  type Signing,
  type SigstoreKeys,
  type Verdict,
} from './private-sigstore.js';
import { endOf, program } from './programs.js';

const developer = somebody('dev@example.org');
const impostor = somebody('dev@example.org.example.com');

type Image =
  'endorsed' | 'twice' | 'unlogged' | 'unattested' | 'unsigned' | 'elsewhere' | 'imposture' | 'bundled' | 'copied';
type Door = 'open' | 'basic' | 'bearer';

interface Question {
  readonly image: Image;
  readonly door?: Door;
  /** Beside `allowed_identities`, which names the developer, and `rekor_url`. */
  readonly keys?: () => SigstoreKeys;
  /** Files of the keys that SPIRE and we are told of the logs. */
  readonly logs?: { readonly rekor?: string; readonly ctLog?: string };
}

type Titled = Question & { readonly title: string };

/** The selectors' names. */
const kindsOf = ({ selectors = new Set() }: Verdict): ReadonlySet<string> =>
  new Set([...selectors].map((selector) => selector.replace(/:.*/, '')));

/** Who signed. */
const subjectsOf = ({ selectors = new Set() }: Verdict): readonly string[] =>
  [...selectors].flatMap((selector) => /^image-signature-subject:(.*)/.exec(selector)?.[1] ?? []).sort();

describe("cosign's signatures of images", function () {
  this.timeout(60_000);
  let sigstore: PrivateSigstore;
  let images: Record<Image, string>;

  before(async function () {
    const path = program(this, 'sigstore-peer');
    sigstore = await PrivateSigstore.start(path);
    await using another = await PrivateSigstore.start(path);
    images = {
      endorsed: await endorsed(developer),
      twice: await endorsed(developer, workflow),
      imposture: await endorsed(impostor),
      unlogged: await sigstore.push(),
      unattested: await sigstore.push(),
      unsigned: await sigstore.push(),
      elsewhere: await sigstore.push(),
      bundled: await sigstore.push(),
      copied: await sigstore.push(),
    };
    await sigstore.endorse(images.unlogged, developer, tagged, '--tlog-upload=false');
    await sigstore.endorse(images.bundled, developer);
    await another.endorse(images.elsewhere, developer, tagged);
    await sigstore.sign(images.unattested, developer, tagged);
  });
  after(() => endOf(sigstore));

  async function endorsed(...signers: Signing[]): Promise<string> {
    const image = await sigstore.push();
    for (const signer of signers) await sigstore.endorse(image, signer, tagged);
    return image;
  }

  const allowing = (signer: Signing, ...subjects: string[]): SigstoreKeys => ({
    allowed_identities: { [sigstore.issuer(signer)]: subjects },
  });

  async function ask({ image: name, door = 'open', keys, logs }: Question): Promise<{ spire: Verdict; ours: Verdict }> {
    const { rekor = 'rekor.pub', ctLog = 'ctfe.pub' } = logs ?? {};
    const image = images[name].replace(sigstore.addresses.registries.open, sigstore.addresses.registries[door]);
    const rekorUrl = { rekor_url: sigstore.addresses.services };
    const block = { ...allowing(developer, 'dev@example.org'), ...rekorUrl, ...keys?.() };
    const trust = logs && { trusted_root_path: await sigstore.trustedRoot({ rekor, ctLog }) };
    const environment = {
      SIGSTORE_REKOR_PUBLIC_KEY: sigstore.file(rekor),
      SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: sigstore.file(ctLog),
    };
    const [spire, ours] = await Promise.all([
      sigstore.spire(image, block, logs && environment),
      sigstore.ours(image, { ...block, ...trust }),
    ]);
    return { spire, ours };
  }

  const agreed: readonly (Titled & { readonly subjects?: readonly string[]; readonly kinds: number })[] = [
    { title: 'signed and attested', image: 'endorsed', kinds: 9 },
    {
      title: 'signed by whom a pattern allows',
      image: 'endorsed',
      keys: () => ({ allowed_identities: { 'http://.*/people': ['[a-z]+@example\\.org'] } }),
      kinds: 9,
    },
    {
      title: 'signed where anybody may sign',
      image: 'endorsed',
      keys: () => ({ allowed_identities: {} }),
      kinds: 9,
    },
    {
      title: 'signed twice, of which one counts',
      image: 'twice',
      keys: () => allowing(workflow, 'https://github.com/example/app/.*'),
      subjects: [releaseWorkflow],
      kinds: 9,
    },
    {
      title: 'signed twice, by an email address and by a workflow of GitHub',
      image: 'twice',
      keys: () => ({ allowed_identities: { '.*': ['.*'] } }),
      subjects: ['dev@example.org', releaseWorkflow],
      kinds: 9,
    },
    {
      title: 'without an attestation, with ignore_attestations',
      image: 'unattested',
      keys: () => ({ ignore_attestations: true }),
      kinds: 8,
    },
    {
      title: 'attested, with ignore_attestations',
      image: 'endorsed',
      keys: () => ({ ignore_attestations: true }),
      kinds: 8,
    },
    {
      title: 'in no log, with ignore_tlog',
      image: 'unlogged',
      keys: () => ({ ignore_tlog: true }),
      kinds: 5,
    },
    {
      title: 'in a log, with ignore_tlog',
      image: 'endorsed',
      keys: () => ({ ignore_tlog: true }),
      kinds: 5,
    },
    {
      title: 'whose certificate no known log has, with ignore_sct',
      image: 'endorsed',
      keys: () => ({ ignore_sct: true }),
      logs: { ctLog: 'rekor.pub' },
      kinds: 9,
    },
    ...(['basic', 'bearer'] as const).map((door) => ({
      title: `in a registry that wants credentials, ${door}`,
      image: 'endorsed' as const,
      door,
      keys: () => ({
        registry_credentials: { [sigstore.addresses.registries[door]]: sigstore.addresses.credentials },
      }),
      kinds: 9,
    })),
    {
      title: 'that is skipped',
      image: 'unsigned',
      keys: () => ({ skipped_images: [images.unsigned] }),
      subjects: [],
      kinds: 0,
    },
  ];

  for (const question of agreed) {
    it(`gives an image ${question.title} the selectors that SPIRE gives it`, async () => {
      const { spire, ours } = await ask(question);
      assert.deepEqual(ours, spire);
      assert.equal(kindsOf(ours).size, question.kinds, ours.refusal);
      assert.deepEqual(subjectsOf(ours), question.subjects ?? ['dev@example.org']);
    });
  }

  const refused: readonly (Titled & { readonly spire: RegExp; readonly ours: RegExp })[] = [
    {
      title: 'signed by somebody else',
      image: 'endorsed',
      keys: () => allowing(developer, 'ops@example.org'),
      spire: /none of the expected identities matched/,
      ours: /signed by "dev@example.org" of "http:.*", which allowed_identities does not name/,
    },
    {
      title: 'signed on the word of another provider',
      image: 'endorsed',
      keys: () => allowing(workflow, 'dev@example.org'),
      spire: /none of the expected identities matched/,
      ours: /signed by "dev@example.org" of "http:.*", which allowed_identities does not name/,
    },
    {
      title: 'that nobody signed',
      image: 'unsigned',
      spire: /no signatures found/,
      ours: /the registry has no signature of/,
    },
    {
      title: 'that nobody attested to',
      image: 'unattested',
      spire: /no matching attestations/,
      ours: /the registry has no attestation of/,
    },
    { title: 'in no log', image: 'unlogged', spire: /searching log query/, ours: /of 1: ./ },
    {
      title: 'in an unknown log',
      image: 'endorsed',
      logs: { rekor: 'ctfe.pub' },
      spire: /rekor log public key not found/,
      ours: /of 1: ./,
    },
    {
      title: 'whose certificate is in an unknown log',
      image: 'endorsed',
      logs: { ctLog: 'rekor.pub' },
      spire: /ctfe public key not found/,
      ours: /of 1: ./,
    },
    { title: 'signed in another Sigstore', image: 'elsewhere', spire: /no matching signatures/, ours: /of 1: ./ },
    ...(['basic', 'bearer'] as const).map((door) => ({
      title: `in a registry whose credentials nobody named, ${door}`,
      image: 'endorsed' as const,
      door,
      spire: / 401 Unauthorized/,
      ours: /registry_credentials names none|answered 401/,
    })),
  ];

  for (const question of refused) {
    it(`refuses an image ${question.title}, as SPIRE does`, async () => {
      const { spire, ours } = await ask(question);
      assert.match(spire.refusal ?? '', question.spire);
      assert.match(ours.refusal ?? '', question.ours);
    });
  }

  it('refuses signatures and attestations that were copied from another image, which SPIRE takes', async () => {
    for (const suffix of ['sig', 'att']) await copyTag(images.endorsed, images.copied, suffix);
    const { spire, ours } = await ask({ image: 'copied' });
    assert.deepEqual(subjectsOf(spire), ['dev@example.org'], spire.refusal);
    assert.match(ours.refusal ?? '', /of 1: signed for another image: sha256:/);
  });

  it('matches all of a subject with a pattern, of which SPIRE finds a part enough', async () => {
    const keys = () => allowing(developer, '[a-z]+@example\\.org');
    const { spire, ours } = await ask({ image: 'imposture', keys });
    assert.deepEqual(subjectsOf(spire), ['dev@example.org.example.com'], spire.refusal);
    assert.match(
      ours.refusal ?? '',
      /signed by "dev@example.org.example.com" of .*, which allowed_identities does not/,
    );
  });

  it("takes cosign's bundles that refer to an image, which cosign verifies and SPIRE does not look for", async () => {
    await sigstore.cosign(
      ...['verify', '--trusted-root', sigstore.file('trusted_root.json'), '--certificate-identity', 'dev@example.org'],
      ...['--certificate-oidc-issuer', sigstore.issuer(developer), images.bundled],
    );
    const { spire, ours } = await ask({ image: 'bundled' });
    assert.match(spire.refusal ?? '', /no signatures found/);
    assert.equal(kindsOf(ours).size, 9, ours.refusal);
    assert.deepEqual(subjectsOf(ours), ['dev@example.org']);
  });

  it("refuses cosign's bundles that were made to refer to another image", async () => {
    const image = await sigstore.push();
    await copyReferrers(images.bundled, image);
    const { refusal = '' } = await sigstore.ours(image, {});
    assert.match(refusal, /of 1: signed for another image: sha256:/);
  });

  it('is not held up by a bundle whose checkpoint is called by a pattern that takes long', async () => {
    const image = await sigstore.push();
    await sigstore.sign(image, developer);
    await copyReferrers(image, image, (bundle) => bundle.replace(/\\n\u2014 \S+ /, '\\n\u2014 (.*)*(.*)*! '));
    const begin = performance.now();
    const { selectors, refusal } = await sigstore.ours(image, { ignore_attestations: true });
    const seconds = (performance.now() - begin) / 1000;
    assert.ok(selectors?.has('image-signature-subject:dev@example.org'), refusal);
    assert.ok(seconds < 2, `${seconds} s`);
  });

  it('trusts what a TUF repository brings', async () => {
    const tuf_mirror_url = `${sigstore.addresses.services}/tuf`;
    const tuf_root_path = sigstore.file('tuf/repository/root.json');
    const { ours } = await ask({ image: 'endorsed', keys: () => ({ tuf_mirror_url, tuf_root_path }) });
    assert.equal(kindsOf(ours).size, 9, ours.refusal);
  });
});
