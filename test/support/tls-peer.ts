// One handshake on loopback between our TLS and a plain Node peer that shows whatever certificate it is told to.
import { once } from 'node:events';
import type { KeyObject } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect as connectPlain, createServer as createPlain, type Server, type TLSSocket } from 'node:tls';
import { connect, createServer, peerOf, type MtlsClientOptions, type PeerOptions } from '@credence/sdk/tls';
import type { X509SvidSource } from '@credence/sdk';
import { toPem } from '@credence/sdk/x509';

/** What the plain peer presents: DER, leaf first. */
export interface Shown {
  readonly chain: readonly Uint8Array[];
  readonly privateKey?: KeyObject | undefined;
}

/** Options that fit both roles. */
export interface Verifier extends PeerOptions {
  readonly svid: X509SvidSource;
}

interface Pem {
  readonly cert?: string;
  readonly key?: string;
}

/**
 * A plain client shows its certificate to our server. The ID under which it was served.
 *
 * @throws when it was refused.
 */
export async function presentToServer(shown: Shown | undefined, options: Verifier): Promise<string> {
  const server = await listening(
    createServer(options, (socket) => socket.on('error', ignore).end(peerOf(socket)?.id.toString() ?? 'nobody')),
  );
  try {
    const socket = connectPlain({ ...loopback(server), ...pem(shown), rejectUnauthorized: false });
    return await text(socket);
  } finally {
    server.close();
  }
}

/**
 * A plain server shows its certificate to our client. The ID that the client saw.
 *
 * @throws when it was refused.
 */
export async function presentToClient(shown: Shown, options: MtlsClientOptions): Promise<string> {
  const plain = createPlain({ ...pem(shown), requestCert: true, rejectUnauthorized: false });
  const server = await listening(plain.on('secureConnection', (socket: TLSSocket) => socket.on('error', ignore)));
  try {
    const socket = await connect({ ...options, ...loopback(server) });
    socket.destroy();
    return peerOf(socket)?.id.toString() ?? 'nobody';
  } finally {
    server.close();
  }
}

export async function listening<S extends Server>(server: S): Promise<S> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

export function loopback(server: Server): { readonly host: string; readonly port: number } {
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

/** Everything the peer sends; rejects when it sends nothing. */
export function text(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    socket.on('data', (data: Buffer) => (received += data.toString()));
    socket.on('error', reject);
    socket.on('close', () => {
      if (received === '') reject(new Error('closed without a word'));
      else resolve(received);
    });
  });
}

export function pem(shown: Shown | undefined): Pem {
  if (shown?.privateKey === undefined) return {};
  return {
    cert: shown.chain.map((der) => toPem(der, 'CERTIFICATE')).join(''),
    key: shown.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

function ignore(): void {
  // The peer that refuses us resets the connection.
}
