// A Sigstore of a test's own on loopback, and registries beside it: cosign signs images there, and SPIRE's verifier and
// ours say what they find.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@credence/sdk/runtime';
import { ImageSignatures } from '../../packages/agent/dist/attestation/workload/sigstore/image-signatures.js';
import { sigstoreOf, sigstoreSchema } from '../../packages/agent/dist/config/sigstore.js';
import { Child } from '../support/child.js';
import { until } from '../support/until.js';

/** Keys of the block `sigstore`, which SPIRE and we call alike. */
export type SigstoreKeys = Readonly<Record<string, unknown>>;

/** The values of the selectors, or why there are none. */
export type Verdict =
  | { readonly selectors: ReadonlySet<string>; readonly refusal?: undefined }
  | { readonly selectors?: undefined; readonly refusal: string };

export interface Signing {
  /** The claims of the signer's ID token, beside those that each has. */
  readonly claims: object;
  /** Path of the OpenID provider. */
  readonly provider: 'people' | 'workflows';
}

interface Addresses {
  readonly services: string;
  readonly registries: Readonly<Record<'open' | 'basic' | 'bearer', string>>;
  readonly credentials: { readonly username: string; readonly password: string };
}

/** The format that SPIRE reads, at tags; cosign's default are bundles that refer to the image. */
export const tagged = '--new-bundle-format=false';

export const somebody = (email: string): Signing => ({
  provider: 'people',
  claims: { sub: email, email, email_verified: true },
});
export const releaseWorkflow = 'https://github.com/example/app/.github/workflows/release.yaml@refs/heads/main';

/** What GitHub says of a workflow that runs {@link releaseWorkflow}. */
export const workflow: Signing = {
  provider: 'workflows',
  claims: {
    sub: 'repo:example/app:ref:refs/heads/main',
    job_workflow_ref: releaseWorkflow.replace('https://github.com/', ''),
    job_workflow_sha: 'a'.repeat(40),
    workflow_ref: releaseWorkflow.replace('https://github.com/', ''),
    workflow_sha: 'a'.repeat(40),
    sha: 'a'.repeat(40),
    workflow: 'release',
    event_name: 'push',
    ref: 'refs/heads/main',
    repository: 'example/app',
    repository_id: '1',
    repository_owner: 'example',
    repository_owner_id: '2',
    repository_visibility: 'public',
    runner_environment: 'github-hosted',
    run_id: '3',
    run_attempt: '1',
  },
};

export class PrivateSigstore implements AsyncDisposable {
  readonly #program: string;
  readonly #folder: string;
  readonly #server: Child;
  readonly addresses: Addresses;
  #files = 0;

  private constructor(program: string, folder: string, server: Child, addresses: Addresses) {
    this.#program = program;
    this.#folder = folder;
    this.#server = server;
    this.addresses = addresses;
  }

  /** @param program `sigstore-peer`. */
  static async start(program: string): Promise<PrivateSigstore> {
    const folder = await mkdtemp(join(tmpdir(), 'credence-test-'));
    const server = new Child(program, ['serve', folder]);
    const addresses = await until('a Sigstore', () => {
      if (!server.running) throw new Error(server.stderr);
      return server.reports[0] as Addresses | undefined;
    });
    const sigstore = new PrivateSigstore(program, folder, server, addresses);
    const root = sigstore.file('older-tuf/repository/root.json');
    await sigstore.cosign('initialize', '--mirror', `${addresses.services}/older-tuf`, '--root', root);
    return sigstore;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Such as `trusted_root.json`, or the key of the transparency log, `rekor.pub`. */
  file(name: string): string {
    return join(this.#folder, name);
  }

  /** The issuer of whoever signs. */
  issuer({ provider }: Signing): string {
    return `${this.addresses.services}/${provider}`;
  }

  /** Pushes an image that nobody has signed; answers `registry/app@sha256:…`. */
  async push(): Promise<string> {
    const { image } = JSON.parse(await this.#run(['push', `${this.addresses.registries.open}/app`])) as {
      image: string;
    };
    return image;
  }

  /** Signs and attests. */
  async endorse(image: string, signing: Signing, ...flags: string[]): Promise<void> {
    await this.sign(image, signing, ...flags);
    await this.attest(image, signing, ...flags);
  }

  async sign(image: string, signing: Signing, ...flags: string[]): Promise<void> {
    await this.cosign('sign', ...(await this.#signingFlags(signing)), ...flags, image);
  }

  /** Says how the image was built. */
  async attest(image: string, signing: Signing, ...flags: string[]): Promise<void> {
    const predicate = await this.#write(JSON.stringify({ builtFrom: 'a'.repeat(40) }));
    const type = ['--predicate', predicate, '--type', 'https://example.org/build/v1'];
    await this.cosign('attest', ...(await this.#signingFlags(signing)), ...type, ...flags, image);
  }

  /** @throws Error with what it said when it fails. */
  async cosign(...args: string[]): Promise<string> {
    return this.#run(['cosign', ...args]);
  }

  /** @param env further environment of cosign's, such as `SIGSTORE_REKOR_PUBLIC_KEY`. */
  spire(image: string, keys: SigstoreKeys, env: NodeJS.ProcessEnv = {}): Promise<Verdict> {
    return verdictOf(async () => {
      const { selectors } = JSON.parse(await this.#run(['verify', image], JSON.stringify(keys), env)) as {
        selectors: string[];
      };
      return selectors;
    });
  }

  /** What the agent's docker attestor asks for. */
  ours(image: string, keys: SigstoreKeys): Promise<Verdict> {
    const trust = 'tuf_mirror_url' in keys ? {} : { trusted_root_path: this.file('trusted_root.json') };
    const insecure_registries = Object.values(this.addresses.registries);
    const sigstore = sigstoreOf(sigstoreSchema.parse({ ...trust, insecure_registries, ...keys }));
    if (sigstore === undefined) throw new Error('no keys');
    const cachePath = this.file('our-tuf');
    const signatures = new ImageSignatures({ clock: systemClock, log: silentLogger, sigstore, cachePath });
    return verdictOf(() => signatures.selectors({ id: `sha256:${'0'.repeat(64)}`, names: [image] }));
  }

  /** The path of a trusted root in which the logs have the public keys of these files. */
  async trustedRoot(keys: { readonly rekor: string; readonly ctLog: string }): Promise<string> {
    const { services } = this.addresses;
    const path = await this.#write('');
    const since = 'start-time=2026-01-01T00:00:00Z';
    await this.cosign(
      ...['trusted-root', 'create', '--out', path],
      ...['--fulcio', `url=${services},certificate-chain=${this.file('fulcio_v1.crt.pem')}`],
      ...['--rekor', `url=${services},public-key=${this.file(keys.rekor)},${since}`],
      ...['--ctfe', `url=${services}/ct,public-key=${this.file(keys.ctLog)},${since}`],
    );
    return path;
  }

  async #signingFlags({ claims, provider }: Signing): Promise<string[]> {
    const { services } = this.addresses;
    const answer = await fetch(`${services}/${provider}/token`, { method: 'POST', body: JSON.stringify(claims) });
    const token = await this.#write(await answer.text());
    return [
      ...['--yes', '--use-signing-config=false', '--fulcio-url', services, '--rekor-url', services],
      ...['--identity-token', token, '--trusted-root', this.file('trusted_root.json')],
    ];
  }

  async #run(args: readonly string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<string> {
    const child = new Child(this.#program, args, { env: { ...this.#environment, ...env } });
    child.process.stdin?.end(input);
    const { code, stdout, stderr } = await child.finished;
    if (code !== 0) throw new Error(stderr);
    return stdout;
  }

  // Nothing of whoever runs the tests: no credentials, no proxies, no Sigstore.
  get #environment(): NodeJS.ProcessEnv {
    return { HOME: this.#folder, TUF_ROOT: this.file('spire-tuf'), DOCKER_CONFIG: this.#folder };
  }

  async #write(content: string): Promise<string> {
    const path = this.file(`file-${String(this.#files++)}`);
    await writeFile(path, content);
    return path;
  }
}

async function verdictOf(judge: () => Promise<readonly string[]>): Promise<Verdict> {
  try {
    return { selectors: new Set(await judge()) };
  } catch (error) {
    return { refusal: error instanceof Error ? error.message : String(error) };
  }
}
