// What a signature says about itself, as values of selectors.
import type { Bundle } from '@sigstore/bundle';
import type { Signer } from './signers.js';

/**
 * `image-signature-subject:`, `-issuer:`, `-value:` and, where a log that is not ignored promised to keep the entry,
 * `-log-id:` (hexadecimal), `-log-index:`, `-integrated-time:` (seconds since 1970) and `-signed-entry-timestamp:`;
 * signatures in base64.
 */
export function signatureSelectors(
  bundle: Bundle,
  { subject, issuer }: Signer,
  { ignoreTlog }: { readonly ignoreTlog: boolean },
): readonly string[] {
  const value = signatureOf(bundle).toString('base64');
  const log = ignoreTlog ? [] : logValues(bundle);
  const values = [`subject:${subject}`, `issuer:${issuer}`, `value:${value}`, ...log];
  return values.map((text) => `image-signature-${text}`);
}

function signatureOf({ content }: Bundle): Buffer {
  if (content.$case === 'messageSignature') return content.messageSignature.signature;
  return content.dsseEnvelope.signatures[0]?.sig ?? Buffer.alloc(0);
}

// The log signs these by its promise; of an entry that has but a proof, nobody has signed them.
function logValues({ verificationMaterial: { tlogEntries } }: Bundle): readonly string[] {
  const [entry] = tlogEntries;
  if (entry?.inclusionPromise === undefined) return [];
  return [
    `log-id:${entry.logId.keyId.toString('hex')}`,
    // As numbers, of which the promise is.
    `log-index:${Number(entry.logIndex)}`,
    `integrated-time:${Number(entry.integratedTime)}`,
    `signed-entry-timestamp:${entry.inclusionPromise.signedEntryTimestamp.toString('base64')}`,
  ];
}
