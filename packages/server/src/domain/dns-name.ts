// The DNS names that a certificate may carry: RFC 1123 §2.1 host names, with at most one wildcard as the first label.
// Names are judged, never altered.
import { domainToASCII } from 'node:url';

/** Why a text is not such a DNS name, or undefined. */
export function dnsNameProblem(name: string): string | undefined {
  const stars = name.split('*').length - 1;
  if (stars > 1) return 'too many wildcards';
  if (stars === 1 && !name.startsWith('*.')) return 'wildcard must be first label';
  return hostNameProblem(stars === 1 ? name.slice(2) : name);
}

function hostNameProblem(host: string): string | undefined {
  if (host.trim() === '') return 'empty domain';
  if (host.endsWith('.')) return 'domain ends with dot';
  if (host.length > 253) return 'longer than 253 characters'; // RFC 1035 §2.3.4
  for (const label of host.split('.')) {
    const problem = labelProblem(label);
    if (problem !== undefined) return `label "${label}" ${problem}`;
  }
  return undefined;
}

function labelProblem(label: string): string | undefined {
  if (label === '') return 'is empty';
  if (label.length > 63) return 'is longer than 63 characters'; // RFC 1035 §2.3.4
  if (!/^[A-Za-z0-9-]+$/.test(label)) return 'has characters other than a-z A-Z 0-9 -';
  if (label.startsWith('-') || label.endsWith('-')) return 'starts or ends with a hyphen';
  if (!label.startsWith('--', 2)) return undefined;
  // RFC 5890 §2.3.1: hyphens in the third and fourth place are reserved for A-labels.
  return isALabel(label) ? undefined : 'is not a valid A-label';
}

function isALabel(label: string): boolean {
  const lower = label.toLowerCase();
  return lower.startsWith('xn--') && domainToASCII(lower) === lower;
}
