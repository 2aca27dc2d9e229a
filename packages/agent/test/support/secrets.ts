// A stock gRPC client of the secret discovery service that says what Envoy says, and reads what Envoy reads.
import { credentials, type ClientDuplexStream } from '@grpc/grpc-js';
import { envoySecret, secretDiscoveryApi, spiffeCertValidatorConfig } from '@credence/sdk/wire';
import type { SecretDiscoveryServiceClient } from '@credence/sdk/wire/gen/envoy/service/secret/v3/SecretDiscoveryService.js';
import type { DeltaDiscoveryRequest } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DeltaDiscoveryRequest.js';
import type { DeltaDiscoveryResponse__Output } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DeltaDiscoveryResponse.js';
import type { DiscoveryRequest } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryRequest.js';
import type { DiscoveryResponse__Output } from '@credence/sdk/wire/gen/envoy/service/discovery/v3/DiscoveryResponse.js';
import { toPem } from '@credence/sdk/x509';
import { StreamReader } from './endpoint.js';

export const secretType = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

/** A secret as Envoy understands it; texts are what stands in it. */
export interface ReadSecret {
  readonly name: string;
  readonly chain?: string;
  readonly key?: string;
  /** For the SPIFFE validator: PEM by trust domain name. */
  readonly trustDomains?: Readonly<Record<string, string>>;
  /** For the plain one. */
  readonly trustedCa?: string;
}

export function secretsClient(socketPath: string): SecretDiscoveryServiceClient {
  return secretDiscoveryApi.createClient(`unix:${socketPath}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
}

export function readSecret(any: { readonly type_url: string; readonly value: Buffer } | null): ReadSecret {
  if (any?.type_url !== secretType) throw new Error(`not a secret: ${String(any?.type_url)}`);
  const { name, tls_certificate: certificate, validation_context: context } = envoySecret().deserialize(any.value);
  if (certificate) return { name, chain: text(certificate.certificate_chain), key: text(certificate.private_key) };
  const validator = context?.custom_validator_config;
  if (!validator) return { name, trustedCa: text(context?.trusted_ca) };
  if (validator.name !== 'envoy.tls.cert_validator.spiffe') throw new Error(`not Envoy's: ${validator.name}`);
  const { trust_domains: domains } = spiffeCertValidatorConfig().deserialize(
    validator.typed_config?.value ?? Buffer.alloc(0),
  );
  return { name, trustDomains: Object.fromEntries(domains.map((one) => [one.name, text(one.trust_bundle)])) };
}

function text(source: { readonly inline_bytes?: Buffer } | null | undefined): string {
  return source?.inline_bytes?.toString() ?? '';
}

/** What is in a snapshot of `fake-workload-snapshots`, as PEM. */
export function pem(...certificates: readonly string[]): string {
  return certificates.map((one) => toPem(Buffer.from(one), 'CERTIFICATE')).join('');
}

export class SecretStream<Request, Response extends { readonly nonce: string }> {
  readonly #stream: ClientDuplexStream<Request, Response>;
  readonly reader: StreamReader<Response>;

  constructor(stream: ClientDuplexStream<Request, Response>) {
    this.#stream = stream;
    this.reader = new StreamReader<Response>(stream);
  }

  /** Sends a request, and does not wait. */
  send(request: Request): void {
    this.#stream.write(request);
  }

  /** Sends a request and answers the next response. */
  ask(request: Request): Promise<Response> {
    this.send(request);
    return this.reader.next();
  }

  /** No more requests; resolves when the server has ended the stream as well. */
  end(): Promise<void> {
    const ended = new Promise<void>((resolve, reject) => this.#stream.once('end', resolve).once('error', reject));
    this.#stream.end();
    return ended;
  }
}

export type SotwStream = SecretStream<DiscoveryRequest, DiscoveryResponse__Output>;
export type DeltaStream = SecretStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse__Output>;
