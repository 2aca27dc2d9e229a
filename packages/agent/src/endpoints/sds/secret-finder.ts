// What the RPCs have in common: who the Envoy is, what its process may have now, and what the operator is told of it.
import { printable, QuietLog } from '@credence/sdk/daemon';
import type { Clock, Logger, Random } from '@credence/sdk/runtime';
import type { Node__Output } from '@credence/sdk/wire/gen/envoy/config/core/v3/Node.js';
import type { Status__Output } from '@credence/sdk/wire/gen/google/rpc/Status.js';
import type { WorkloadSnapshot } from '../../domain/workload-identity.js';
import { encodeSecret, type EncodedSecret } from './encode-secret.js';
import { readNode, unknownEnvoy, validationMode, type EnvoyNode } from './envoy-node.js';
import { checkTypeUrl, notAuthorized, tell } from './requests.js';
import type { Secret, SecretCatalog } from './secret-catalog.js';

export interface FinderOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Whether bundles are sent as plain authorities, where an Envoy's own metadata does not say otherwise. */
  readonly disableSpiffeCertValidation: boolean;
  readonly catalogOf: (snapshot: WorkloadSnapshot) => SecretCatalog;
}

interface AnyRequest {
  readonly node: Node__Output | null;
  readonly type_url: string;
  readonly error_detail: Status__Output | null;
}

const nonceBytes = 4;
const longestReason = 1024;

/** Finds secrets for one caller. */
export class SecretFinder {
  readonly #options: FinderOptions;
  readonly #refusals: QuietLog;
  readonly #missing: QuietLog;
  #node: EnvoyNode = unknownEnvoy;
  #admitted = false;
  #told = '';

  constructor(options: FinderOptions, log: Logger) {
    const { clock } = options;
    this.#options = options;
    this.#refusals = new QuietLog({ clock, log, message: 'Envoy refused secrets' });
    this.#missing = new QuietLog({ clock, log, message: 'secrets are held back: no entry gives them to the caller' });
  }

  /**
   * Checks the type that is asked for, remembers the node, and logs a refusal (NACK), which is `refused` or says why.
   *
   * @throws StatusError
   */
  receive({ node, type_url: typeUrl, error_detail: why }: AnyRequest, names: Iterable<string>, refused = false): void {
    checkTypeUrl(typeUrl);
    // Envoy may say who it is in its first request only (set_node_on_first_message_only).
    if (node !== null) this.#node = readNode(node);
    if (why === null && !refused) return;
    const reason = why === null ? 'none given' : printable(why.message.slice(0, longestReason));
    this.#refusals.warn({ node: this.#node.id, names: tell(names), reason });
  }

  /**
   * What the caller may have at this moment; none of the secrets, if it has lost its identity.
   *
   * @throws StatusError when it asks for more and never had an identity here.
   */
  find(snapshot: WorkloadSnapshot, names: Iterable<string>): SecretCatalog {
    const catalog = this.#options.catalogOf(snapshot);
    this.#admitted ||= snapshot.identities.length > 0;
    if (this.#admitted) return catalog;
    const missing = catalog.missing(names);
    if (missing.length > 0 || catalog.all.length === 0) throw notAuthorized(missing);
    return catalog;
  }

  encode(secret: Secret): EncodedSecret {
    return encodeSecret(secret, validationMode(this.#node, this.#options.disableSpiffeCertValidation));
  }

  newNonce(): string {
    return this.#options.random.bytes(nonceBytes).toString('hex');
  }

  /** Tells the operator, once for the same names, what the Envoy asked for and may not have. */
  holdBack(missing: readonly string[], { identities }: WorkloadSnapshot): void {
    const names = tell(missing);
    if (names !== '' && names !== this.#told) {
      const available = tell(identities.map(({ spiffeId }) => spiffeId.toString()));
      this.#missing.warn({ node: this.#node.id, names, identities: available });
    }
    this.#told = names;
  }
}
