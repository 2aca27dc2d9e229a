// An agent that lives in the test and says whatever the test wants: a real SVID of a real server, and stock gRPC clients.
import type { ChannelCredentials, Client } from '@grpc/grpc-js';
import { generateKey } from '@credence/sdk/keys';
import { agentApi, bundleApi, changesApi, entryApi, svidApi, type Contract } from '@credence/sdk/wire';
import type { AgentClient } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/Agent.js';
import type { BundleClient } from '@credence/sdk/wire/gen/spire/api/server/bundle/v1/Bundle.js';
import type { ChangesClient } from '@credence/sdk/wire/gen/credence/server/v1/Changes.js';
import type { EntryClient } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/Entry.js';
import type { SVIDClient } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/SVID.js';
import { attestSvid, call, mutualTls, newRequest, type AgentSvid } from './grpc.js';

/** Where to join, and by what. */
export interface RogueServer {
  readonly port: number;
  /** The authorities, PEM. */
  readonly roots: string;
  readonly generateToken: () => Promise<string>;
}

/** Whoever presents an SVID, its own or not, on a connection of its own. */
export class RogueAgent implements Disposable {
  readonly svid: AgentSvid;
  readonly agents: AgentClient;
  readonly bundles: BundleClient;
  readonly changes: ChangesClient;
  readonly entries: EntryClient;
  readonly svids: SVIDClient;
  readonly #server: RogueServer;
  readonly #channel: ChannelCredentials;
  readonly #opened: Client[] = [];

  constructor(server: RogueServer, svid: AgentSvid) {
    this.#server = server;
    this.#channel = mutualTls(server.roots, svid);
    this.svid = svid;
    this.agents = this.open(agentApi);
    this.bundles = this.open(bundleApi);
    this.changes = this.open(changesApi);
    this.entries = this.open(entryApi);
    this.svids = this.open(svidApi);
  }

  /** Attests by a new join token. */
  static async join(server: RogueServer): Promise<RogueAgent> {
    return new RogueAgent(
      server,
      await attestSvid(`127.0.0.1:${server.port}`, server.roots, await server.generateToken()),
    );
  }

  get id(): string {
    return `spiffe://example.org${this.svid.path}`;
  }

  /** The same server by another SVID, or by the same on a new connection. */
  as(svid: AgentSvid = this.svid): RogueAgent {
    return new RogueAgent(this.#server, svid);
  }

  /** A new SVID of this agent, which nobody has used yet. */
  async renew(): Promise<RogueAgent> {
    const key = await generateKey('ec-p256');
    const { svid } = await call(this.agents, 'RenewAgent', { params: { csr: newRequest(key) } });
    return this.as({ path: this.svid.path, chain: svid?.cert_chain ?? [], key });
  }

  /** A workload of this agent that calls the server itself. */
  async workload(entryId: string): Promise<RogueAgent> {
    const key = await generateKey('ec-p256');
    const params = [{ entry_id: entryId, csr: newRequest(key) }];
    const { results } = await call(this.svids, 'BatchNewX509SVID', { params });
    const [result] = results;
    if (result?.svid == null) throw new Error(result?.status?.message);
    return this.as({ path: result.svid.id?.path ?? '', chain: result.svid.cert_chain, key });
  }

  /** A client of any service, on the connection of the others. */
  open<C extends Client>(contract: Contract<unknown, C>): C {
    const settings = { 'grpc.max_send_message_length': -1 };
    const client = contract.createClient(`127.0.0.1:${this.#server.port}`, this.#channel, settings);
    this.#opened.push(client);
    return client;
  }

  [Symbol.dispose](): void {
    for (const client of this.#opened) client.close();
  }
}
