// Judges one document: who signed it, if it counts. All that it reads is anybody's, and it runs in a thread that is ended
// when it takes too long.
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toTrustMaterial, type TrustMaterial } from '@sigstore/verify';
import { z } from 'zod';
import { kindOf, type Evidence } from './evidence.js';
import { reasonOf } from './problem.js';
import { signatureSelectors } from './signature-selectors.js';
import { signedObject, type SignedObject } from './signed-object.js';
import { checkSigner, type AllowedSigner } from './signers.js';
import { verifyObject, type VerificationRules } from './verify-object.js';

/** One document, and what it is held against; each value may be cloned to a thread. */
export interface Case {
  readonly evidence: Evidence;
  /** Of the image. */
  readonly digest: string;
  /** A Sigstore trusted root, JSON. */
  readonly trustedRoot: string;
  readonly rules: VerificationRules & { readonly allowedSigners: readonly AllowedSigner[] };
  readonly now: Date;
}

export interface Judgement {
  readonly kind: SignedObject['kind'];
  /** What it earns, or why it earns nothing. */
  readonly outcome: { readonly selectors: readonly string[] } | { readonly reason: string };
}

export function judge({ evidence, digest, trustedRoot, rules, now }: Case): Judgement {
  let kind = kindOf(evidence);
  try {
    const object = signedObject(evidence);
    kind = object.kind;
    const signer = verifyObject(object, { digest, trust: trustOf(trustedRoot), rules, now });
    checkSigner(signer, rules.allowedSigners);
    return { kind, outcome: { selectors: signatureSelectors(object.bundle, signer, rules) } };
  } catch (error) {
    return { kind, outcome: { reason: whyNot(error) } };
  }
}

let last: { readonly text: string; readonly trust: TrustMaterial } | undefined;

function trustOf(text: string): TrustMaterial {
  if (last?.text !== text) last = { text, trust: toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(text))) };
  return last.trust;
}

// The parsers' own messages quote what they could not read.
function whyNot(error: unknown): string {
  if (error instanceof SyntaxError || error instanceof z.ZodError) return 'something signed has an unknown form';
  return reasonOf(error);
}
