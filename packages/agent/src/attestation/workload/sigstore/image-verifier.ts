// Says of an image who signed it, as far as the operator lets anybody have signed it.
import type { Clock, Logger } from '@credence/sdk/runtime';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { attestations, kindOf, signatures, type Evidence, type MissingEvidence } from './evidence.js';
import { Findings } from './findings.js';
import { parseImageReference, registryNameOf } from './image-reference.js';
import type { Case, Judgement } from './judge.js';
import { JudgeThread } from './judge-thread.js';
import { problem } from './problem.js';
import { Repository, type RegistryCredentials } from './repository.js';
import type { AllowedSigner } from './signers.js';
import { TrustRoots, type TrustedRootSource } from './trust-roots.js';

export interface SigstoreRules {
  /** Empty: anybody may have signed. */
  readonly allowedSigners: readonly AllowedSigner[];
  /** The log that signatures have to be in, a URL; undefined: any of the trusted root. */
  readonly rekorUrl: string | undefined;
  /** Whether no log has to vouch for a signature; its certificate has to be valid now, or to be timestamped. */
  readonly ignoreTlog: boolean;
  /** Whether no log has to vouch for a certificate. */
  readonly ignoreSct: boolean;
  readonly ignoreAttestations: boolean;
  /** By the name of the registry. */
  readonly registryCredentials: Readonly<Record<string, RegistryCredentials>>;
  /** The hosts, with their ports, that are spoken to without TLS. */
  readonly insecureRegistries: readonly string[];
  readonly trustedRoot: TrustedRootSource;
}

export interface ImageVerifierOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly rules: SigstoreRules;
  /** A folder of the agent's own for what TUF brought. */
  readonly cachePath: string;
}

export class ImageVerifier {
  readonly #clock: Clock;
  readonly #rules: SigstoreRules;
  readonly #roots: TrustRoots;
  readonly #credentials: ReadonlyMap<string, RegistryCredentials>;
  readonly #thread: JudgeThread;

  constructor({ clock, log, rules, cachePath }: ImageVerifierOptions) {
    this.#clock = clock;
    this.#rules = rules;
    this.#thread = new JudgeThread(clock);
    this.#roots = new TrustRoots({ clock, log, source: rules.trustedRoot, cachePath });
    this.#credentials = new Map(
      Object.entries(rules.registryCredentials).map(([name, credentials]) => [registryNameOf(name), credentials]),
    );
  }

  /** @throws ERR_ATTESTATION when there is no trusted root, or not the log that is wanted. */
  async prepare(): Promise<void> {
    withLog(await this.#roots.current(), this.#rules.rekorUrl);
  }

  /**
   * The values of the selectors: `image-signature:verified`, `image-attestations:verified` unless attestations are
   * ignored, and what {@link signatureSelectors} says of each signature that counts.
   *
   * @param image such as `registry.example/app@sha256:…`.
   * @throws ERR_ATTESTATION when nobody signed it, or attested to it, who may; the error of the network.
   */
  async verify(image: string, signal: AbortSignal): Promise<readonly string[]> {
    const reference = parseImageReference(image);
    const { insecureRegistries } = this.#rules;
    const access = { credentials: this.#credentials.get(reference.registry), insecureRegistries };
    const repository = new Repository(reference, access, signal);
    const given = await this.#givenFor(reference.digest);
    return this.#thread.use(async (judge) => {
      const findings = new Findings(image);
      const add = async (evidence: Evidence | MissingEvidence): Promise<void> => {
        signal.throwIfAborted();
        findings.add(evidence.reason === undefined ? await judge({ ...given, evidence }) : missing(evidence));
      };
      for await (const evidence of signatures(repository, reference.digest)) await add(evidence);
      const selectors = findings.signatures();
      if (this.#rules.ignoreAttestations) return ['image-signature:verified', ...selectors];
      for await (const evidence of attestations(repository, reference.digest)) {
        if (findings.isAttested) break;
        await add(evidence);
      }
      findings.checkAttested();
      return ['image-signature:verified', 'image-attestations:verified', ...selectors];
    });
  }

  async #givenFor(digest: string): Promise<Omit<Case, 'evidence'>> {
    const { ignoreTlog, ignoreSct, allowedSigners, rekorUrl } = this.#rules;
    const root = withLog(await this.#roots.current(), rekorUrl);
    const trustedRoot = JSON.stringify(TrustedRoot.toJSON(root));
    return { digest, trustedRoot, rules: { ignoreTlog, ignoreSct, allowedSigners }, now: this.#clock.now() };
  }
}

function missing(evidence: MissingEvidence): Judgement {
  return { kind: kindOf(evidence), outcome: { reason: evidence.reason } };
}

// The log of a private Sigstore is not to be had for that of the public one.
function withLog(root: TrustedRoot, url: string | undefined): TrustedRoot {
  if (url === undefined) return root;
  const plain = (text: string): string => text.replace(/\/$/, '');
  const tlogs = root.tlogs.filter(({ baseUrl }) => plain(baseUrl) === plain(url));
  if (tlogs.length > 0) return { ...root, tlogs };
  const known = root.tlogs.map(({ baseUrl }) => baseUrl).join(', ');
  throw problem(`the trusted root has no transparency log ${url}, which rekor_url names; it has ${known || 'none'}`);
}
