// Says of an image who signed it, as far as the operator lets anybody have signed it.
import type { Clock, Logger } from '@credence/sdk/runtime';
import type { TrustMaterial } from '@sigstore/verify';
import { Findings, type Judge } from './findings.js';
import { parseImageReference, registryNameOf } from './image-reference.js';
import { problem } from './problem.js';
import { Repository, type RegistryCredentials } from './repository.js';
import { signatureSelectors } from './signature-selectors.js';
import { signedObjects, taggedAttestations } from './signed-objects.js';
import { checkSigner, type AllowedSigner } from './signers.js';
import { TrustRoots, type TrustedRootSource } from './trust-roots.js';
import { verifyObject } from './verify-object.js';

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

  constructor({ clock, log, rules, cachePath }: ImageVerifierOptions) {
    this.#clock = clock;
    this.#rules = rules;
    this.#roots = new TrustRoots({ clock, log, source: rules.trustedRoot, cachePath });
    this.#credentials = new Map(
      Object.entries(rules.registryCredentials).map(([name, credentials]) => [registryNameOf(name), credentials]),
    );
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
    const repository = new Repository(reference, this.#credentials.get(reference.registry), signal);
    const findings = new Findings(image, await this.#judge(reference.digest));
    for await (const object of signedObjects(repository, reference.digest)) findings.add(object);
    const signatures = findings.signatures();
    if (this.#rules.ignoreAttestations) return ['image-signature:verified', ...signatures];
    for await (const object of taggedAttestations(repository, reference.digest)) {
      if (findings.isAttested) break;
      findings.add(object);
    }
    findings.checkAttested();
    return ['image-signature:verified', 'image-attestations:verified', ...signatures];
  }

  async #judge(digest: string): Promise<Judge> {
    const trust = withLog(await this.#roots.current(), this.#rules.rekorUrl);
    return (object) => {
      const signer = verifyObject(object, { digest, trust, rules: this.#rules, now: this.#clock.now() });
      checkSigner(signer, this.#rules.allowedSigners);
      return signatureSelectors(object.bundle, signer, { ignoreTlog: this.#rules.ignoreTlog });
    };
  }
}

// The log of a private Sigstore is not to be had for that of the public one.
function withLog(trust: TrustMaterial, url: string | undefined): TrustMaterial {
  if (url === undefined) return trust;
  const plain = (text: string): string => text.replace(/\/$/, '');
  const tlogs = trust.tlogs.filter(({ baseURL }) => plain(baseURL) === plain(url));
  if (tlogs.length > 0) return { ...trust, tlogs };
  const known = trust.tlogs.map(({ baseURL }) => baseURL).join(', ');
  throw problem(`the trusted root has no transparency log ${url}, which rekor_url names; it has ${known || 'none'}`);
}
