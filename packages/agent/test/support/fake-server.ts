// A server that speaks SPIRE's protocol over real TLS, with what a test wants it to know and to do wrong.
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { AddressInfo, Socket } from 'node:net';
import {
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import { SpiffeId, type TrustDomain } from '@credence/sdk';
import { TestCa } from '@credence/sdk/testing';
import { agentApi, bundleApi, entryApi, permissionDenied, StatusError, svidApi } from '@credence/sdk/wire';
import type { PermissionDeniedReason } from '@credence/sdk/wire';
import type { AgentHandlers } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/Agent.js';
import type { AttestAgentRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/AttestAgentRequest.js';
import type { AttestAgentResponse } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/AttestAgentResponse.js';
import type { PostStatusRequest } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/PostStatusRequest.js';
import type { SyncAuthorizedEntriesRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/SyncAuthorizedEntriesRequest.js';
import type { SyncAuthorizedEntriesResponse } from '@credence/sdk/wire/gen/spire/api/server/entry/v1/SyncAuthorizedEntriesResponse.js';
import type { Bundle } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import type { X509SVID } from '@credence/sdk/wire/gen/spire/api/types/X509SVID.js';
import { CertificateRequest, signCertificate } from '@credence/sdk/x509';

/** One agent, as a server remembers it. */
interface KnownAgent {
  serial: string;
  renewed: string | undefined;
  banned: boolean;
}

/** An entry with the fields of the wire; the rest has defaults. */
export type FakeEntry = Entry & { readonly id: string };

/** An entry for the user of this process, at the path of its ID. */
export function mine(id: string, fields: Partial<FakeEntry> = {}): FakeEntry {
  return {
    id,
    spiffe_id: { trust_domain: 'example.org', path: `/${id}` },
    selectors: [{ type: 'unix', value: `uid:${process.getuid?.() ?? 0}` }],
    created_at: '1700000000',
    ...fields,
  };
}

export class FakeServer implements AsyncDisposable {
  readonly ca: TestCa;
  readonly trustDomain: TrustDomain;
  readonly tokens = new Set<string>();
  readonly agents = new Map<string, KnownAgent>();
  readonly federated = new Map<string, Bundle>();
  /** Method names, in the order of the calls. */
  readonly calls: string[] = [];
  /** Asked before each call; what it throws ends the call. */
  intercept: (method: string) => void | Promise<void> = () => undefined;
  entries: FakeEntry[] = [];
  /** What agents have told of themselves. */
  readonly statuses: PostStatusRequest[] = [];
  /** Of the bundle. */
  sequenceNumber = 1;
  /** How many TLS connections there were. */
  connections = 0;
  pageSize = 500;
  /** Lifetimes, in milliseconds. */
  svidTtlMs = 3_600_000;
  agentTtlMs = 3_600_000;
  reattestable = false;
  taintedRoots: readonly Buffer[] = [];
  now: () => number = () => Date.now();
  readonly #grpc = new Server();
  #tls: TlsServer | undefined;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  constructor(ca: TestCa) {
    this.ca = ca;
    this.trustDomain = ca.trustDomain;
    this.#grpc.addService(agentApi.definition, this.#agentHandlers() as AgentHandlers);
    this.#grpc.addService(entryApi.definition, {
      syncAuthorizedEntries: this.#streamed('SyncAuthorizedEntries', (call) => this.#sync(call)),
    } as never);
    this.#grpc.addService(bundleApi.definition, {
      getBundle: this.#unary('GetBundle', () => this.bundle()),
      getFederatedBundle: this.#unary('GetFederatedBundle', ({ request }) => {
        const found = this.federated.get((request as { trust_domain: string }).trust_domain);
        if (found === undefined) throw new StatusError(status.NOT_FOUND, 'bundle not found');
        return found;
      }),
    } as never);
    this.#grpc.addService(svidApi.definition, {
      batchNewX509Svid: this.#unary('BatchNewX509SVID', (call) => {
        this.#authorize(call);
        const { params } = call.request as { params: { entry_id: string; csr: Buffer }[] };
        return { results: params.map(({ entry_id: id, csr }) => this.#mint(id, csr)) };
      }),
    } as never);
  }

  static async create(trustDomain = 'example.org', port = 0): Promise<FakeServer> {
    const server = new FakeServer(await TestCa.create(trustDomain));
    server.#port = port;
    await server.start();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens, after `stop` on the same port again. */
  async start(id = '/spire/server'): Promise<void> {
    const injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    this.#tls = createTlsServer({
      ...(await this.#context(id)),
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: ['h2'],
    });
    this.#tls.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#tls.on('secureConnection', (socket: TLSSocket) => {
      this.connections++;
      socket.on('error', () => undefined);
      injector.injectConnection(socket);
    });
    this.#tls.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => this.#tls?.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#tls.address() as AddressInfo).port;
  }

  /** A new authority signs from now on, the server's own SVID too. */
  async rotate(): Promise<void> {
    await this.ca.rotate();
    this.#tls?.setSecureContext(await this.#context('/spire/server'));
  }

  /** Cuts everything, as a crash would. */
  async stop(): Promise<void> {
    const tls = this.#tls;
    this.#tls = undefined;
    for (const socket of this.#sockets) socket.destroy();
    if (tls !== undefined) await new Promise((resolve) => tls.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#grpc.forceShutdown();
  }

  bundle(): Bundle {
    const roots = this.ca.bundle().authorities.map(({ raw }) => raw);
    return {
      trust_domain: this.trustDomain.name,
      sequence_number: String(this.sequenceNumber),
      x509_authorities: roots.map((asn1) => ({ asn1, tainted: this.taintedRoots.some((root) => root.equals(asn1)) })),
    };
  }

  /** The calls of one method so far. */
  count(method: string): number {
    return this.calls.filter((called) => called === method).length;
  }

  async #context(id: string): Promise<{ cert: string; key: string; ca: string }> {
    const svid = await this.ca.x509Svid(SpiffeId.fromPath(this.trustDomain, id));
    return { cert: svid.certChainPem(), key: svid.privateKeyPem(), ca: this.ca.bundle().toPem() };
  }

  #agentHandlers(): unknown {
    return {
      attestAgent: this.#streamed<AttestAgentRequest__Output, AttestAgentResponse>('AttestAgent', async (call) => {
        // Not `for await`: leaving it would destroy the call before it has its status.
        const { value: message } = await messages<AttestAgentRequest__Output>(call).next();
        const token = message?.params?.data?.payload.toString('utf8') ?? '';
        if (!this.tokens.delete(token)) {
          const text = 'failed to attest: join token does not exist or has already been used';
          throw new StatusError(status.INVALID_ARGUMENT, text);
        }
        const id = SpiffeId.fromPath(this.trustDomain, `/spire/agent/join_token/${token}`);
        const { svid, serial } = this.#sign(id, message?.params?.params?.csr ?? Buffer.alloc(0), this.agentTtlMs);
        this.agents.set(String(id), { serial, renewed: undefined, banned: false });
        call.write({ result: { svid, reattestable: this.reattestable } });
      }),
      postStatus: this.#unary('PostStatus', (call) => {
        this.#authorize(call);
        this.statuses.push(call.request as PostStatusRequest);
        return {};
      }),
      renewAgent: this.#unary('RenewAgent', (call) => {
        const { id, agent } = this.#authorize(call);
        const { params } = call.request as { params: { csr: Buffer } };
        const { svid, serial } = this.#sign(SpiffeId.parse(id), params.csr, this.agentTtlMs);
        agent.renewed = serial;
        return { svid };
      }),
    };
  }

  // The rules of the agent check, in their order.
  #authorize(call: { getAuthContext(): { sslPeerCertificate?: { subjectaltname?: string; serialNumber: string } } }): {
    readonly id: string;
    readonly agent: KnownAgent;
  } {
    const certificate = call.getAuthContext().sslPeerCertificate;
    const id = certificate?.subjectaltname?.replace('URI:', '') ?? '';
    const agent = this.agents.get(id);
    if (certificate === undefined || agent === undefined) throw this.#denied('AGENT_NOT_ATTESTED');
    if (agent.banned) throw this.#denied('AGENT_BANNED');
    const serial = certificate.serialNumber.toLowerCase();
    if (serial === agent.renewed) Object.assign(agent, { serial, renewed: undefined });
    if (serial !== agent.serial) throw this.#denied('AGENT_NOT_ACTIVE');
    return { id, agent };
  }

  #denied(reason: PermissionDeniedReason): StatusError {
    return permissionDenied('authorization denied', reason);
  }

  async #sync(
    call: ServerDuplexStream<SyncAuthorizedEntriesRequest__Output, SyncAuthorizedEntriesResponse>,
  ): Promise<void> {
    this.#authorize(call);
    const { entries, pageSize } = this;
    const requests = messages<SyncAuthorizedEntriesRequest__Output>(call);
    await requests.next();
    if (entries.length <= pageSize) {
      call.write({ entries });
      return;
    }
    for (const { page, more } of pages(entries, pageSize)) call.write({ entry_revisions: page, more });
    for (let next = await requests.next(); next.done !== true; next = await requests.next()) {
      const wanted = entries.filter(({ id }) => next.value.ids.includes(id));
      for (const { page, more } of pages(wanted, pageSize)) call.write({ entries: page, more });
    }
  }

  #mint(entryId: string, csr: Buffer): { status: { code: number; message: string }; svid?: X509SVID } {
    const entry = this.entries.find(({ id }) => id === entryId);
    if (entry === undefined) {
      return { status: { code: status.NOT_FOUND, message: 'entry not found or not authorized' } };
    }
    const id = SpiffeId.fromPath(this.trustDomain, entry.spiffe_id?.path ?? '');
    return { status: { code: status.OK, message: 'OK' }, svid: this.#sign(id, csr, this.svidTtlMs).svid };
  }

  #sign(id: SpiffeId, csr: Buffer, ttlMs: number): { svid: X509SVID; serial: string } {
    const { publicKeyInfo } = CertificateRequest.parse(csr);
    const [notBefore, notAfter] = [new Date(this.now() - 10_000), new Date(this.now() + ttlMs)];
    const template = this.ca.leafTemplate(id, this.ca.key, { notBefore, notAfter });
    const leaf = signCertificate({ ...template, publicKeyInfo }, this.ca.key);
    const serial = Buffer.from(template.serialNumber).toString('hex');
    return { svid: { cert_chain: [leaf] }, serial };
  }

  #unary<T>(method: string, answer: (call: ServerUnaryCall<unknown, T>) => T): unknown {
    return (call: ServerUnaryCall<unknown, T>, callback: sendUnaryData<T>) => {
      this.calls.push(method);
      void Promise.resolve()
        .then(() => this.intercept(method))
        .then(() => answer(call))
        .then(
          (response) => {
            callback(null, response);
          },
          (error: unknown) => {
            callback(error as StatusError);
          },
        );
    };
  }

  #streamed<Request, Response>(
    method: string,
    answer: (call: ServerDuplexStream<Request, Response>) => Promise<void>,
  ): unknown {
    return (call: ServerDuplexStream<Request, Response>) => {
      this.calls.push(method);
      call.on('error', () => undefined);
      void Promise.resolve()
        .then(() => this.intercept(method))
        .then(() => answer(call))
        .then(
          () => {
            call.end();
          },
          (error: unknown) => {
            call.emit('error', error);
          },
        );
    };
  }
}

function messages<T>(stream: AsyncIterable<unknown>): AsyncIterator<T, undefined> {
  return stream[Symbol.asyncIterator]() as AsyncIterator<T, undefined>;
}

function* pages<T>(items: readonly T[], size: number): Generator<{ page: T[]; more: boolean }> {
  for (let start = 0; start === 0 || start < items.length; start += size) {
    yield { page: items.slice(start, start + size), more: start + size < items.length };
  }
}
