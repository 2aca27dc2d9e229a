// How signatures of container images are verified: the keys of `sigstore`.
import { unknownKeys, usageError } from '@credence/sdk/daemon';
import { z } from 'zod';
import type { SigstoreSettings } from '../settings.js';

const text = z.string().min(1);
const httpUrl = z.url({ protocol: /^https?$/, error: 'not a URL; https://rekor.sigstore.dev is accepted' });

const pattern = text.check(({ value, issues }) => {
  try {
    new RegExp(value);
  } catch {
    const message = 'not a regular expression; a text, or a pattern such as .*@example\\.org is accepted';
    issues.push({ code: 'custom', input: value, message });
  }
});
const credentialsShape = { username: text, password: text };
const sigstoreShape = {
  allowed_identities: z
    .record(pattern, z.array(pattern).min(1, 'names nobody; one subject or more is accepted'))
    .nullish(),
  skipped_images: z
    .array(
      z
        .string()
        .regex(
          /^([^@\s]+@)?sha256:[0-9a-f]{64}$/,
          'not an image by its digest; registry.example/app@sha256:… or the sha256:… of its ID is accepted',
        ),
    )
    .optional(),
  rekor_url: httpUrl.optional(),
  ignore_tlog: z.boolean().optional(),
  ignore_attestations: z.boolean().optional(),
  ignore_sct: z.boolean().optional(),
  registry_credentials: z.record(text, z.strictObject(credentialsShape, unknownKeys(credentialsShape))).nullish(),
  insecure_registries: z
    .array(z.string().regex(/^[a-z0-9.[\]:-]+$/, 'not a host with or without a port; 127.0.0.1:5000 is accepted'))
    .optional(),
  trusted_root_path: text.optional(),
  tuf_mirror_url: httpUrl.optional(),
  tuf_root_path: text.optional(),
};

/** The keys of `sigstore`. A key of YAML with nothing below it is null. */
export const sigstoreSchema = z.strictObject(sigstoreShape, unknownKeys(sigstoreShape)).nullish();

/**
 * The settings; undefined: signatures are not verified.
 *
 * @throws ERR_USAGE for keys that exclude each other, or that need each other.
 */
export function sigstoreOf(keys: z.output<typeof sigstoreSchema>): SigstoreSettings | undefined {
  if (keys === undefined) return undefined;
  return {
    allowedSigners: Object.entries(keys?.allowed_identities ?? {}).flatMap(([issuer, subjects]) =>
      subjects.map((subject) => ({ issuer, subject })),
    ),
    skippedImages: keys?.skipped_images ?? [],
    rekorUrl: keys?.rekor_url,
    ignoreTlog: keys?.ignore_tlog ?? false,
    ignoreSct: keys?.ignore_sct ?? false,
    ignoreAttestations: keys?.ignore_attestations ?? false,
    registryCredentials: keys?.registry_credentials ?? {},
    insecureRegistries: keys?.insecure_registries ?? [],
    trustedRoot: trustedRootOf(keys ?? {}),
  };
}

function trustedRootOf({
  trusted_root_path: path,
  tuf_mirror_url: url,
  tuf_root_path: rootPath,
}: NonNullable<z.output<typeof sigstoreSchema>>): SigstoreSettings['trustedRoot'] {
  if ((url === undefined) !== (rootPath === undefined)) {
    throw usageError('sigstore: tuf_root_path is the first root.json of tuf_mirror_url; both or neither are accepted');
  }
  if (path !== undefined && url !== undefined) {
    throw usageError('sigstore: trusted_root_path and tuf_mirror_url exclude each other');
  }
  if (path !== undefined) return { kind: 'file', path };
  return { kind: 'tuf', repository: url === undefined || rootPath === undefined ? undefined : { url, rootPath } };
}
