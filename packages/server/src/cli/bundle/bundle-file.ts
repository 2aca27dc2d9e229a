// A bundle as a file or standard input holds it, as the wire wants it.
import { SpiffeBundle, TrustDomain } from '@credence/sdk';
import { errorText, usageError, type Flags, type Terminal } from '@credence/sdk/daemon';
import { publicKeyInfoOf } from '@credence/sdk/keys';
import type { Bundle } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { Certificate, parsePem } from '@credence/sdk/x509';
import { readInputFile } from '../values.js';

/** `pem`: X.509 authorities; `spiffe`: the document of a bundle endpoint. */
export const bundleFormats = { pem: 'pem', spiffe: 'spiffe' } as const;
export type BundleFormat = keyof typeof bundleFormats;

export const formatFlag = {
  format: { kind: 'choice', choices: bundleFormats, default: 'pem', help: 'form of the bundle' },
} as const satisfies Flags;

export interface BundleText {
  readonly trustDomain: string;
  readonly format: BundleFormat;
  readonly text: string;
}

/** @throws ERR_USAGE naming the field */
export function parseBundle(field: string, { trustDomain, format, text }: BundleText): Bundle {
  try {
    return format === 'pem' ? parsePemBundle(trustDomain, text) : parseSpiffeBundle(trustDomain, text);
  } catch (error) {
    throw usageError(`${field}: the bundle is not usable: ${errorText(error)}`);
  }
}

/** As {@link parseBundle}, of a file, or of standard input without a path. @throws ERR_USAGE */
export async function readBundle(
  field: string,
  source: Omit<BundleText, 'text'> & { readonly path: string | undefined },
  terminal: Terminal,
): Promise<Bundle> {
  const { path = '-' } = source;
  const text = await readInputFile(field, path === '' ? '-' : path, () => terminal.readInput());
  return parseBundle(field, { ...source, text });
}

function parsePemBundle(trustDomain: string, text: string): Bundle {
  const certificates = parsePem(text, 'CERTIFICATE');
  if (certificates.length === 0) throw new Error('it holds no certificate; PEM certificates are accepted');
  const authorities = certificates.map((der) => ({ asn1: Certificate.parse(der).raw }));
  return { trust_domain: trustDomain, x509_authorities: authorities };
}

function parseSpiffeBundle(trustDomain: string, text: string): Bundle {
  const bundle = SpiffeBundle.parse(TrustDomain.parse(trustDomain), text);
  return {
    trust_domain: trustDomain,
    x509_authorities: bundle.x509.authorities.map(({ raw }) => ({ asn1: raw })),
    jwt_authorities: bundle.jwt.authorities.map(({ keyId, publicKey }) => ({
      key_id: keyId,
      public_key: publicKeyInfoOf(publicKey),
    })),
    refresh_hint: (bundle.refreshHintMs ?? 0) / 1000,
    sequence_number: (bundle.sequenceNumber ?? 0n).toString(),
  };
}
