// Remembered identities as JSON. It is read only after its seal was found whole: what it holds was checked when it came.
import { JwtBundle } from '@credence/sdk/bundle';
import { SpiffeId, TrustDomain } from '@credence/sdk/spiffeid';
import { importPublicKey } from '@credence/sdk/keys';
import { z } from 'zod';
import type { AuthorizedEntry } from '../domain/authorized-entry.js';
import type { HeldSvid, RememberedIdentities, RememberedIdentity } from '../domain/remembered-identities.js';
import type { TrustBundle } from '../domain/workload-identity.js';

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const instant = z.iso.datetime().transform((text) => new Date(text));
const bigint = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);
const trustDomain = z.string().transform((name) => TrustDomain.parse(name));

const entrySchema = z.strictObject({
  id: z.string(),
  spiffeId: z.string().transform((id) => SpiffeId.parse(id)),
  selectors: z.array(z.strictObject({ type: z.string(), value: z.string() })),
  federatesWith: z.array(trustDomain),
  admin: z.boolean(),
  downstream: z.boolean(),
  storeSvid: z.boolean(),
  hint: z.string(),
  disableX509SvidPrefetch: z.boolean(),
  jwtSvidIncludeJti: z.boolean(),
  revisionNumber: bigint,
  createdAt: instant,
});

const heldSchema = z.strictObject({
  svid: z.strictObject({ chain: z.array(bytes), privateKey: bytes, notBefore: instant, expiresAt: instant }),
  rotateAt: instant,
});

const bundleSchema = z
  .strictObject({
    trustDomain,
    x509Authorities: z.array(z.strictObject({ certificate: bytes, tainted: z.boolean() })),
    jwtAuthorities: z.array(z.strictObject({ keyId: z.string(), publicKey: bytes.transform(importPublicKey) })),
    taintedJwtKeyIds: z.array(z.string()).transform((ids) => new Set(ids)),
    refreshHintSeconds: z.number(),
    sequenceNumber: bigint,
  })
  .transform(({ jwtAuthorities, ...rest }): TrustBundle => {
    return { ...rest, jwtBundle: JwtBundle.fromAuthorities(rest.trustDomain, jwtAuthorities) };
  });

const identitiesSchema = z.strictObject({
  writtenAt: instant,
  identities: z.array(z.strictObject({ entry: entrySchema, held: heldSchema.optional() })),
  bundle: bundleSchema,
  federatedBundles: z.array(bundleSchema),
});

/** @throws SyntaxError, ZodError, and what the values in it throw. */
export function parseIdentities(json: string): RememberedIdentities {
  const { identities, ...rest } = identitiesSchema.parse(JSON.parse(json));
  return { ...rest, identities: identities.map(({ entry, held }) => ({ entry, held })) };
}

export function encodeIdentities(remembered: RememberedIdentities): string {
  return JSON.stringify({
    writtenAt: remembered.writtenAt,
    identities: remembered.identities.map(identityJson),
    bundle: bundleJson(remembered.bundle),
    federatedBundles: remembered.federatedBundles.map(bundleJson),
  });
}

function identityJson({ entry, held }: RememberedIdentity): object {
  return { entry: entryJson(entry), ...(held === undefined ? {} : { held: heldJson(held) }) };
}

function entryJson(entry: AuthorizedEntry): object {
  return {
    ...entry,
    spiffeId: entry.spiffeId.toString(),
    federatesWith: entry.federatesWith.map(({ name }) => name),
    revisionNumber: entry.revisionNumber.toString(),
  };
}

function heldJson({ svid, rotateAt }: HeldSvid): object {
  const { chain, privateKey, notBefore, expiresAt } = svid;
  return {
    svid: { chain: chain.map(base64), privateKey: base64(privateKey), notBefore, expiresAt },
    rotateAt,
  };
}

function bundleJson({ trustDomain: { name }, jwtBundle, ...bundle }: TrustBundle): object {
  return {
    trustDomain: name,
    x509Authorities: bundle.x509Authorities.map(({ certificate, tainted }) => {
      return { certificate: base64(certificate), tainted };
    }),
    jwtAuthorities: jwtBundle.authorities.map(({ keyId, publicKey }) => {
      return { keyId, publicKey: base64(publicKey.export({ format: 'der', type: 'spki' })) };
    }),
    taintedJwtKeyIds: [...bundle.taintedJwtKeyIds],
    refreshHintSeconds: bundle.refreshHintSeconds,
    sequenceNumber: bundle.sequenceNumber.toString(),
  };
}

function base64(der: Buffer): string {
  return der.toString('base64');
}
