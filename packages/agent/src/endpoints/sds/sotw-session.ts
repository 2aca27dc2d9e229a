// StreamSecrets: each response holds all that was asked for and is there, and is sent when any of it has changed ("state
// of the world"). A secret that is not there is left out: to Envoy that is no removal, it keeps what it has or waits.
import { QuietLog } from '@credence/sdk/daemon';
import type { Logger } from '@credence/sdk/runtime';
import type { DiscoveryRequest__Output } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryRequest.js';
import type { DiscoveryResponse } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryResponse.js';
import type { WorkloadSnapshot } from '../../domain/workload-identity.js';
import { secretTypeUrl, type EncodedSecret } from './encode-secret.js';
import { notAuthorized, readNames, tell } from './requests.js';
import { SecretFinder, type FinderOptions } from './secret-finder.js';
import type { SecretSession } from './secret-stream.js';

export class SotwSession implements SecretSession<DiscoveryRequest__Output, DiscoveryResponse> {
  readonly #log: Logger;
  readonly #finder: SecretFinder;
  readonly #stale: QuietLog;
  /** Empty: everything. Undefined: nothing was asked for yet. */
  #names: ReadonlySet<string> | undefined;
  /** Whether the names were not answered yet. */
  #renamed = false;
  /** Of the last response. */
  #nonce: string | undefined;
  #version = 0;
  /** Versions in the last response, by name. */
  #sent: ReadonlyMap<string, string> = new Map();

  constructor(options: FinderOptions, log: Logger) {
    this.#log = log;
    this.#finder = new SecretFinder(options, log);
    this.#stale = new QuietLog({ clock: options.clock, log, message: 'ignoring a request with an unexpected nonce' });
  }

  receive(request: DiscoveryRequest__Output): void {
    const names = readNames(request.resource_names);
    // xDS: it was sent before the last response arrived; what it asks for comes again with the acknowledgement.
    if (this.#nonce !== undefined && request.response_nonce !== this.#nonce) {
      this.#stale.warn({ names: tell(names) });
      return;
    }
    // xDS: a client that accepts the last response names its version, and one that refuses it that of an earlier one.
    const refused = this.#nonce !== undefined && request.version_info !== String(this.#version);
    this.#finder.receive(request, names, refused);
    this.#renamed ||= this.#names === undefined || !isSameSet(names, this.#names);
    this.#names = names;
  }

  answer(snapshot: WorkloadSnapshot): DiscoveryResponse | undefined {
    const names = this.#names;
    if (names === undefined) return undefined;
    const catalog = this.#finder.find(snapshot, names);
    const excluded = this.#renamed ? catalog.excluded(names) : [];
    if (excluded.length > 0) throw notAuthorized(excluded);
    this.#finder.holdBack(catalog.missing(names), snapshot);
    const secrets = catalog.select(names).map((secret) => this.#finder.encode(secret));
    return secrets.length > 0 && (this.#renamed || this.#isNews(secrets)) ? this.#respond(secrets) : undefined;
  }

  #isNews(secrets: readonly EncodedSecret[]): boolean {
    const fewer = this.#names?.size === 0 && secrets.length < this.#sent.size;
    return fewer || secrets.some(({ name, version }) => this.#sent.get(name) !== version);
  }

  #respond(secrets: readonly EncodedSecret[]): DiscoveryResponse {
    // As in SPIRE, asking for other names makes no new version of what there is.
    const changed = secrets.some(({ name, version }) => (this.#sent.get(name) ?? version) !== version);
    if (this.#version === 0 || changed || !this.#renamed) this.#version++;
    this.#nonce = this.#finder.newNonce();
    this.#renamed = false;
    this.#sent = new Map(secrets.map(({ name, version }) => [name, version]));
    this.#log.debug({ names: tell(this.#sent.keys()), version: this.#version }, 'sending secrets');
    return {
      version_info: String(this.#version),
      resources: secrets.map(({ resource }) => resource),
      type_url: secretTypeUrl,
      nonce: this.#nonce,
    };
  }
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((name) => b.has(name));
}
