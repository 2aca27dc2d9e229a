// Agents as the wire sees them: a key, a certificate request, an SVID, and stock gRPC clients that present it.
import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { credentials, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js';
import { exportPrivateKey, generateKey } from '@credence/sdk/keys';
import type { AttestAgentResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/AttestAgentResponse.js';
import type { X509SVID__Output } from '@credence/sdk/wire/gen/spire/api/types/X509SVID.js';
import { createCertificateRequest, toPem } from '@credence/sdk/x509';
import { call, type Clients, type TestServer } from './test-server.js';

export interface TestAgent {
  /** The path of its SPIFFE ID. */
  readonly path: string;
  readonly key: KeyObject;
  readonly svid: X509SVID__Output;
  readonly clients: Clients;
}

export function newKey(): Promise<KeyObject> {
  return generateKey('ec-p256');
}

/** What an agent sends: a request without a SPIFFE ID. */
export function agentCsr(key: KeyObject): Buffer {
  return createCertificateRequest({ subject: { country: ['US'], organization: ['SPIRE'] } }, key);
}

/** TLS to the server; with a key and an SVID, mutual TLS. */
export async function channel(
  server: TestServer,
  identity?: { readonly key: KeyObject; readonly chain: readonly Buffer[] },
): Promise<ChannelCredentials> {
  const ca = Buffer.from((await server.roots()).map((der) => toPem(der, 'CERTIFICATE')).join(''));
  // The server's name is its SPIFFE ID, which the stock client does not know.
  const options = { checkServerIdentity: (): undefined => undefined };
  if (identity === undefined) return credentials.createSsl(ca, null, null, options);
  const key = Buffer.from(toPem(exportPrivateKey(identity.key), 'PRIVATE KEY'));
  const chain = Buffer.from(identity.chain.map((der) => toPem(der, 'CERTIFICATE')).join(''));
  return credentials.createSsl(ca, key, chain, options);
}

/** A join token, made over the admin socket. */
export async function newToken(server: TestServer, alias?: string): Promise<string> {
  const agent_id = alias === undefined ? null : { trust_domain: 'example.org', path: alias };
  const { value } = await call(server.local.agents, 'CreateJoinToken', { ttl: 600, agent_id });
  return value;
}

/** The messages of an attestation until its end. @throws ServiceError */
export async function attest(
  clients: Clients,
  params: { readonly type?: string; readonly payload: Uint8Array; readonly csr: Uint8Array },
): Promise<AttestAgentResponse__Output> {
  const { type = 'join_token', payload, csr } = params;
  const stream = clients.agents.AttestAgent();
  const failed = once(stream, 'error').then(([error]) => {
    throw error as ServiceError;
  });
  const answered = once(stream, 'data').then(([response]) => response as AttestAgentResponse__Output);
  stream.write({ params: { data: { type, payload: Buffer.from(payload) }, params: { csr: Buffer.from(csr) } } });
  const response = await Promise.race([answered, failed]);
  stream.end();
  stream.resume();
  await Promise.race([once(stream, 'end'), failed]);
  failed.catch(() => undefined);
  return response;
}

/** Joins by a new token. */
export async function joinAgent(server: TestServer, alias?: string): Promise<TestAgent> {
  const anonymous = server.remote(await channel(server));
  const key = await newKey();
  const payload = Buffer.from(await newToken(server, alias));
  const { result } = await attest(anonymous, { payload, csr: agentCsr(key) });
  return present(server, key, result!.svid!);
}

/** Clients that present this SVID. */
export async function present(server: TestServer, key: KeyObject, svid: X509SVID__Output): Promise<TestAgent> {
  const clients = server.remote(await channel(server, { key, chain: svid.cert_chain }));
  return { path: svid.id!.path, key, svid, clients };
}
