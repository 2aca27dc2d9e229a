// A bundle ⇄ its row.
import type { Insertable, Selectable } from 'kysely';
import { TrustDomain } from '@credence/sdk/spiffeid';
import type { TrustBundle } from '../../domain/trust-bundle.js';
import type { Authorities } from '../bundle-store.js';
import type { BundleTable } from './schema.js';

interface StoredAuthorities {
  readonly x509: readonly { readonly certificate: string; readonly tainted: boolean }[];
  readonly jwt: readonly {
    readonly publicKey: string;
    readonly keyId: string;
    readonly expiresAt: number | null;
    readonly tainted: boolean;
  }[];
}

export function encodeBundle(bundle: TrustBundle): Insertable<BundleTable> {
  return {
    trust_domain: bundle.trustDomain.name,
    authorities: encodeAuthorities(bundle),
    refresh_hint: bundle.refreshHintSeconds,
    sequence_number: String(bundle.sequenceNumber),
  };
}

export function decodeBundle(row: Selectable<BundleTable>): TrustBundle {
  const { x509, jwt } = JSON.parse(row.authorities) as StoredAuthorities;
  return {
    trustDomain: TrustDomain.parse(row.trust_domain),
    x509Authorities: x509.map(({ certificate, tainted }) => ({ certificate: decodeDer(certificate), tainted })),
    jwtAuthorities: jwt.map(({ publicKey, keyId, expiresAt, tainted }) => ({
      publicKey: decodeDer(publicKey),
      keyId,
      expiresAt: expiresAt === null ? undefined : new Date(expiresAt),
      tainted,
    })),
    refreshHintSeconds: row.refresh_hint,
    sequenceNumber: BigInt(row.sequence_number),
  };
}

/** Equal texts for equal authorities in the same order. */
export function encodeAuthorities({ x509Authorities, jwtAuthorities }: Authorities): string {
  const stored: StoredAuthorities = {
    x509: x509Authorities.map(({ certificate, tainted }) => ({ certificate: certificate.toString('base64'), tainted })),
    jwt: jwtAuthorities.map(({ publicKey, keyId, expiresAt, tainted }) => ({
      publicKey: publicKey.toString('base64'),
      keyId,
      expiresAt: expiresAt?.getTime() ?? null,
      tainted,
    })),
  };
  return JSON.stringify(stored);
}

function decodeDer(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
