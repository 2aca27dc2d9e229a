// DeltaSecrets: each response holds what has changed since the last, and names what is gone.
import type { Logger } from '@credence/sdk/runtime';
import type { DeltaDiscoveryRequest__Output } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DeltaDiscoveryRequest.js';
import type { DeltaDiscoveryResponse } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DeltaDiscoveryResponse.js';
import type { WorkloadSnapshot } from '../../domain/workload-identity.js';
import { secretTypeUrl, type EncodedSecret } from './encode-secret.js';
import { checkNames, tell } from './requests.js';
import { SecretFinder, type FinderOptions } from './secret-finder.js';
import type { SecretSession } from './secret-stream.js';

// xDS: the name of everything.
const wildcard = '*';
// In place of a version: the client was told that there is no such secret.
const gone = '';
const longestVersion = 64;

export class DeltaSession implements SecretSession<DeltaDiscoveryRequest__Output, DeltaDiscoveryResponse> {
  readonly #log: Logger;
  readonly #finder: SecretFinder;
  readonly #names = new Set<string>();
  /** What the client has, by name: the version, or `gone`. Names that it does not ask for are not in here for long. */
  readonly #held = new Map<string, string>();
  #asked = false;
  #version = 0;

  constructor(options: FinderOptions, log: Logger) {
    this.#log = log;
    this.#finder = new SecretFinder(options, log);
  }

  receive(request: DeltaDiscoveryRequest__Output): void {
    const { resource_names_subscribe: more, resource_names_unsubscribe: fewer } = request;
    for (const name of more.filter((one) => one !== '')) {
      this.#names.add(name);
      this.#held.delete(name); // xDS: asked for again, it is sent again
    }
    for (const name of fewer) {
      this.#names.delete(name);
      this.#held.delete(name);
      if (name === wildcard) this.#forgetOthers();
    }
    if (!this.#asked) this.#begin(request);
    checkNames(this.#names);
    this.#finder.receive(request, this.#names);
  }

  answer(snapshot: WorkloadSnapshot): DeltaDiscoveryResponse | undefined {
    if (!this.#asked) return undefined;
    const everything = this.#names.has(wildcard);
    const named = new Set([...this.#names].filter((name) => name !== wildcard));
    const catalog = this.#finder.find(snapshot, named);
    const missing = catalog.missing(named);
    this.#finder.holdBack(missing, snapshot);
    const wanted = new Set([...(named.size > 0 ? catalog.select(named) : []), ...(everything ? catalog.all : [])]);
    const secrets = [...wanted].map((secret) => this.#finder.encode(secret));
    return this.#respond(secrets, missing);
  }

  // What was asked for by no name.
  #forgetOthers(): void {
    for (const name of this.#held.keys()) if (!this.#names.has(name)) this.#held.delete(name);
  }

  // What the client still has from an earlier stream. xDS: a first request without names asks for everything.
  #begin({
    resource_names_subscribe: names,
    initial_resource_versions: versions,
  }: DeltaDiscoveryRequest__Output): void {
    this.#asked = true;
    if (names.length === 0) this.#names.add(wildcard);
    for (const [name, version] of Object.entries(versions)) {
      if (this.#names.has(name) || this.#names.has(wildcard)) this.#held.set(name, version.slice(0, longestVersion));
    }
    checkNames(new Set(this.#held.keys()));
  }

  #respond(secrets: readonly EncodedSecret[], missing: readonly string[]): DeltaDiscoveryResponse | undefined {
    const changed = secrets.filter(({ name, version }) => this.#held.get(name) !== version);
    const present = new Set(secrets.map(({ name }) => name));
    const lost = [...this.#held.keys()].filter((name) => !present.has(name) && !this.#names.has(name));
    const removed = [...missing.filter((name) => this.#held.get(name) !== gone), ...lost];
    if (changed.length === 0 && removed.length === 0) return undefined;
    for (const { name, version } of changed) this.#held.set(name, version);
    for (const name of missing) this.#held.set(name, gone);
    for (const name of lost) this.#held.delete(name);
    this.#version++;
    this.#log.debug({ names: tell(changed.map(({ name }) => name)), removed: tell(removed) }, 'sending secrets');
    return {
      system_version_info: String(this.#version),
      resources: changed.map(({ name, version, resource }) => ({ name, version, resource })),
      removed_resources: removed,
      type_url: secretTypeUrl,
      nonce: this.#finder.newNonce(),
    };
  }
}
