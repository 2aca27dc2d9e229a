// An administrator who calls a running server through its socket, without a process for each call.
import { credentials, type Client } from '@grpc/grpc-js';
import { TrustDomain, verifyX509Svid, X509Bundle, X509BundleSet, type VerifiedPeer } from '@credence/sdk';
import { generateKey } from '@credence/sdk/keys';
import { agentApi, bundleApi, entryApi, localAuthorityApi, svidApi, type Contract } from '@credence/sdk/wire';
import type { AgentClient } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/Agent.js';
import type { BundleClient } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/Bundle.js';
import type { EntryClient } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/Entry.js';
import type { LocalAuthorityClient } from '@credence/sdk/wire/gen/spire/api/server/localauthority/v1/LocalAuthority.js';
import type { SVIDClient } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/SVID.js';
import type { Entry__Output } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { createCertificateRequest } from '@credence/sdk/x509';
import { call } from './grpc.js';

export class Admin implements Disposable {
  readonly entries: EntryClient;
  readonly agents: AgentClient;
  readonly bundles: BundleClient;
  readonly localAuthorities: LocalAuthorityClient;
  readonly svids: SVIDClient;
  readonly #opened: Client[] = [];

  constructor(socketPath: string) {
    const open = <C extends Client>(contract: Contract<unknown, C>): C => {
      // Not the connection of an earlier administrator, who may have met a server that is gone.
      const settings = { 'grpc.use_local_subchannel_pool': 1 };
      const client = contract.createClient(`unix:${socketPath}`, credentials.createInsecure(), settings);
      this.#opened.push(client);
      return client;
    };
    this.entries = open(entryApi);
    this.agents = open(agentApi);
    this.bundles = open(bundleApi);
    this.localAuthorities = open(localAuthorityApi);
    this.svids = open(svidApi);
  }

  /** The X.509 authorities in DER, in the server's order. */
  async authorities(): Promise<readonly Buffer[]> {
    const { x509_authorities: authorities } = await call(this.bundles, 'GetBundle', {});
    return authorities.map(({ asn1 }) => asn1);
  }

  /** Every entry. */
  async listEntries(): Promise<readonly Entry__Output[]> {
    return (await call(this.entries, 'ListEntries', {})).entries;
  }

  async agentIds(): Promise<readonly string[]> {
    const { agents } = await call(this.agents, 'ListAgents', {});
    return agents.map(({ id }) => `spiffe://${id?.trust_domain ?? ''}${id?.path ?? ''}`);
  }

  async generateToken(): Promise<string> {
    return (await call(this.agents, 'CreateJoinToken', { ttl: 600 })).value;
  }

  /** An entry below the default agent. */
  async createEntry(path: string): Promise<void> {
    const id = (of: string): { trust_domain: string; path: string } => ({ trust_domain: 'example.org', path: of });
    const entry = { spiffe_id: id(path), parent_id: id('/agent'), selectors: [{ type: 'unix', value: 'uid:1' }] };
    const { results } = await call(this.entries, 'BatchCreateEntry', { entries: [entry] });
    const status = results[0]?.status;
    if (status?.code !== 0) throw new Error(status?.message);
  }

  /** A chain in DER for `spiffe://example.org<path>`. */
  async mint(path: string): Promise<readonly Buffer[]> {
    const uris = [`spiffe://example.org${path}`];
    const csr = createCertificateRequest({ uris }, await generateKey('ec-p256'));
    return (await call(this.svids, 'MintX509SVID', { csr })).svid?.cert_chain ?? [];
  }

  [Symbol.dispose](): void {
    for (const client of this.#opened) client.close();
  }
}

/** Verifies a chain of example.org against these authorities. @throws ERR_SPIFFE_VERIFY */
export function verifyBy(authorities: readonly Buffer[], chain: readonly Buffer[]): VerifiedPeer {
  const bundle = X509Bundle.parseDer(TrustDomain.parse('example.org'), Buffer.concat(authorities));
  return verifyX509Svid(chain, X509BundleSet.of(bundle));
}
