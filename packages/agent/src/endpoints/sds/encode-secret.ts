// Secrets as Envoy takes them: PEM in a Secret in an Any. Each is encoded once, whoever asks for it: what it is made of
// never changes, and holds on to what was made of it.
import { createHash } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { StatusError, envoySecret, spiffeCertValidatorConfig } from '@credence/sdk/wire';
import type { CertificateValidationContext } from '@credence/sdk/wire/gen/envoy/extensions/transport_sockets/tls/v3/CertificateValidationContext.js';
import type { DataSource } from '@credence/sdk/wire/gen/envoy/config/core/v3/DataSource.js';
import type { Secret as SecretMessage } from '@credence/sdk/wire/gen/envoy/extensions/transport_sockets/tls/v3/Secret.js';
import { toPem } from '@credence/sdk/x509';
import type { TrustBundle } from '../../domain/workload-identity.js';
import type { ValidationMode } from './envoy-node.js';
import type { AllBundlesSecret, BundleSecret, CertificateSecret, Secret } from './secret-catalog.js';

/** The type of every resource of the service. */
export const secretTypeUrl = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

const validatorTypeUrl = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig';

/** A secret for the wire. */
export interface EncodedSecret {
  readonly name: string;
  /** Equal for equal contents, and tells nothing about a private key. */
  readonly version: string;
  readonly resource: { readonly type_url: string; readonly value: Buffer };
}

const made = new WeakMap<object, Map<string, EncodedSecret>>();

/** @throws StatusError for all bundles together where they cannot be told apart. */
export function encodeSecret(secret: Secret, mode: ValidationMode): EncodedSecret {
  switch (secret.kind) {
    case 'certificate':
      return once(secret.identity.svid, secret.name, () => encodeCertificate(secret));
    case 'bundle':
      return once(secret.bundle, `${mode} ${secret.name}`, () => encodeBundle(secret, mode));
    case 'all-bundles':
      // RFC 5280 knows no trust domains: a peer of one could pose as one of another.
      if (mode === 'plain') {
        throw new StatusError(status.INTERNAL, 'unable to use "SPIFFE validator" on Envoy below 1.17');
      }
      return once(secret.bundles, secret.name, () => encodeAllBundles(secret));
  }
}

function once(source: object, key: string, encode: () => EncodedSecret): EncodedSecret {
  const all = made.get(source) ?? new Map<string, EncodedSecret>();
  made.set(source, all);
  const known = all.get(key);
  if (known !== undefined) return known;
  const encoded = encode();
  all.set(key, encoded);
  return encoded;
}

function encodeCertificate({ name, identity }: CertificateSecret): EncodedSecret {
  const { chain, privateKey } = identity.svid;
  const certificates = chain.map((certificate) => toPem(certificate, 'CERTIFICATE')).join('');
  return encoded(
    {
      name,
      tls_certificate: {
        certificate_chain: inline(certificates),
        private_key: inline(toPem(privateKey, 'PRIVATE KEY')),
      },
    },
    certificates,
  );
}

function encodeBundle({ name, bundle }: BundleSecret, mode: ValidationMode): EncodedSecret {
  return mode === 'spiffe'
    ? encodeContext(name, spiffeContext([bundle]))
    : encodeContext(name, { trusted_ca: inline(authorities(bundle)) });
}

function encodeAllBundles({ name, bundles }: AllBundlesSecret): EncodedSecret {
  return encodeContext(name, spiffeContext(bundles));
}

function encodeContext(name: string, context: CertificateValidationContext): EncodedSecret {
  return encoded({ name, validation_context: context });
}

function spiffeContext(bundles: readonly TrustBundle[]): CertificateValidationContext {
  const trust_domains = bundles.map((bundle) => ({
    name: bundle.trustDomain.name,
    trust_bundle: inline(authorities(bundle)),
  }));
  const value = spiffeCertValidatorConfig().serialize({ trust_domains });
  return {
    custom_validator_config: {
      name: 'envoy.tls.cert_validator.spiffe',
      typed_config: { type_url: validatorTypeUrl, value },
    },
  };
}

function authorities({ x509Authorities }: TrustBundle): string {
  return x509Authorities.map(({ certificate }) => toPem(certificate, 'CERTIFICATE')).join('');
}

function inline(pem: string): DataSource {
  return { inline_bytes: Buffer.from(pem) };
}

/** @param revision what its version is made of; undefined: all of it */
function encoded(message: SecretMessage & { readonly name: string }, revision?: string): EncodedSecret {
  const value = envoySecret().serialize(message);
  const version = createHash('sha256')
    .update(revision ?? value)
    .digest('hex')
    .slice(0, 32);
  return { name: message.name, version, resource: { type_url: secretTypeUrl, value } };
}
