// What `debug getinfo` of both daemons prints.
import { printable } from './printable.js';

/** The facts that the daemon alone has, by their label, and those of every daemon, as they come over the wire. */
export interface DebugInfo {
  readonly heading: string;
  /** Of the column of the labels. */
  readonly width: number;
  readonly facts: Readonly<Record<string, string | number>>;
  readonly info: { readonly uptime: number; readonly svid_chain: readonly DebugCertificate[] };
}

interface DebugCertificate {
  /** Null: it has none. */
  readonly id: { readonly trust_domain: string; readonly path: string } | null;
  readonly subject: string;
  /** Seconds. */
  readonly expires_at: string;
}

export function renderDebugInfo({ heading, width, facts, info }: DebugInfo): string {
  const lines = Object.entries({ Uptime: renderSpan(info.uptime), ...facts }).map(
    ([label, value]) => `  ${`${label}:`.padEnd(width)} ${value}\n`,
  );
  return [`${heading}:\n`, ...lines, '  SVID Chain:\n', ...info.svid_chain.map(renderCertificate)].join('');
}

function renderCertificate({ id, subject, expires_at: expiresAt }: DebugCertificate, index: number): string {
  return [
    `    [${index}] SPIFFE ID:  ${id === null ? '' : printable(`spiffe://${id.trust_domain}${id.path}`)}\n`,
    `        Subject:    ${printable(subject)}\n`,
    `        Expires At: ${isoInstant(expiresAt)}\n`,
  ].join('');
}

/** Seconds as `2019-03-12T17:17:46Z`. */
export function isoInstant(seconds: string): string {
  return new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z');
}

/** `2s`, `1m0s`, `26h0m5s` */
function renderSpan(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const first = parts.findIndex((part) => part > 0);
  return parts
    .flatMap((part, index) => (index >= first && (first !== -1 || index === 2) ? [`${part}${'hms'[index] ?? ''}`] : []))
    .join('');
}
