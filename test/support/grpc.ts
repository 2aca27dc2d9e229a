// Plain gRPC clients for tests and benchmarks: the stock library and the wire contracts, none of our client code.
import type { KeyObject } from 'node:crypto';
import { connect } from 'node:net';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import { exportPrivateKey, generateKey } from '@credence/sdk/keys';
import { agentApi } from '@credence/sdk/wire';
import type { AttestAgentResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/AttestAgentResponse.js';
import { createCertificateRequest, toPem } from '@credence/sdk/x509';

export { call } from '../../packages/sdk/dist-test/support/call.js';

/** A certificate request as an agent sends it. */
export function newRequest(key: KeyObject): Buffer {
  return createCertificateRequest({ subject: { country: ['US'], organization: ['SPIRE'] } }, key);
}

/** An agent's X.509-SVID as the server answered it. */
export interface AgentSvid {
  readonly path: string;
  /** DER, leaf first. */
  readonly chain: readonly Buffer[];
  readonly key: KeyObject;
}

/** Attests by token over TLS and answers credentials for mutual TLS as that agent. */
export async function attest(address: string, roots: string, token: string): Promise<ChannelCredentials> {
  return mutualTls(roots, await attestSvid(address, roots, token));
}

/** Attests by token over TLS, with a request of one's own or a plain one. */
export async function attestSvid(
  address: string,
  roots: string,
  token: string,
  own?: { readonly key: KeyObject; readonly csr: Buffer },
): Promise<AgentSvid> {
  const key = own?.key ?? (await generateKey('ec-p256'));
  const client = agentApi.createClient(address, credentials.createSsl(Buffer.from(roots), null, null, unnamed));
  try {
    const { result } = await attestAgent(client.AttestAgent(), token, own?.csr ?? newRequest(key));
    return { path: result?.svid?.id?.path ?? '', chain: result?.svid?.cert_chain ?? [], key };
  } finally {
    client.close();
  }
}

/** Credentials for mutual TLS with this SVID. */
export function mutualTls(roots: string, { chain, key }: Pick<AgentSvid, 'chain' | 'key'>): ChannelCredentials {
  const chainPem = chain.map((der) => toPem(der, 'CERTIFICATE')).join('');
  const keyPem = toPem(exportPrivateKey(key), 'PRIVATE KEY');
  return credentials.createSsl(Buffer.from(roots), Buffer.from(keyPem), Buffer.from(chainPem), unnamed);
}

// The server's name is its SPIFFE ID; for a test the root is check enough.
const unnamed = { checkServerIdentity: (): undefined => undefined };

function attestAgent(
  stream: ReturnType<ReturnType<typeof agentApi.createClient>['AttestAgent']>,
  token: string,
  csr: Buffer,
): Promise<AttestAgentResponse__Output> {
  return new Promise((resolve, reject) => {
    stream.once('data', resolve);
    stream.once('error', reject);
    stream.write({ params: { data: { type: 'join_token', payload: Buffer.from(token) }, params: { csr } } });
    stream.end();
  });
}

/** Whether something listens on a Unix socket. */
export function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
