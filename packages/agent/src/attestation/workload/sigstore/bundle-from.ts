// Reads a Sigstore bundle, which anybody may have made, for a library that takes its time over large ones: it compares
// each timestamp with each other, and takes names of checkpoints for regular expressions.
import { bundleFromJSON, type Bundle, type TransparencyLogEntry } from '@sigstore/bundle';
import { problem } from './problem.js';

// Some ten times what Sigstore's own bundles take.
const mostEntries = 16;
const mostBytes = 16 * 1024;

/** @throws ERR_ATTESTATION for one that is too large, ValidationError or TypeError for what is none. */
export function bundleFrom(json: unknown): Bundle {
  const bundle = bundleFromJSON(json);
  const { content, tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
  const timestamps = timestampVerificationData?.rfc3161Timestamps ?? [];
  if (tlogEntries.length > mostEntries || timestamps.length > mostEntries) {
    throw problem(`a bundle with more than ${mostEntries} log entries or timestamps`);
  }
  const parsed = [...certificatesIn(content), ...timestamps.map(({ signedTimestamp }) => signedTimestamp)];
  if ([...parsed, ...tlogEntries.flatMap(numbersAndNote)].some(({ length }) => length > mostBytes)) {
    throw problem(`a bundle with a certificate, timestamp or checkpoint of more than ${mostBytes} bytes`);
  }
  for (const { inclusionProof: { checkpoint } = {} } of tlogEntries) {
    if (checkpoint !== undefined) checkpoint.envelope = withoutNames(checkpoint.envelope);
  }
  return bundle;
}

function certificatesIn(content: Bundle['verificationMaterial']['content']): readonly Buffer[] {
  if (content.$case === 'certificate') return [content.certificate.rawBytes];
  return content.$case === 'x509CertificateChain'
    ? content.x509CertificateChain.certificates.map(({ rawBytes }) => rawBytes)
    : [];
}

function numbersAndNote({ logIndex, integratedTime, inclusionProof }: TransparencyLogEntry): readonly string[] {
  const { logIndex: place = '', treeSize = '', checkpoint: { envelope = '' } = {} } = inclusionProof ?? {};
  return [logIndex, integratedTime, place, treeSize, envelope];
}

// C2SP signed-note: "— <name> <base64 of key hint and signature>". The name is not signed, the log is found by the hint; and
// logs sign by the names of their hosts, which a trusted root need not have. The full stop is a pattern for any name.
function withoutNames(envelope: string): string {
  const end = envelope.indexOf('\n\n') + 2;
  const lines = envelope.slice(end).split('\n');
  const signatures = lines.map((line) => /^\u2014 \S+ (\S+)$/.exec(line)?.[1]).filter((one) => one !== undefined);
  return envelope.slice(0, end) + signatures.map((signature) => `\u2014 . ${signature}\n`).join('');
}
