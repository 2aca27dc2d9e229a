// A response to FetchX509SVID, read and verified before anything of it is shown or written.
import { TrustDomain, verifyX509Svid, X509Bundle, X509BundleSet, X509Svid, type Certificate } from '@credence/sdk';
import type { SpiffeError } from '@credence/sdk/runtime';
import type { X509SVIDResponse__Output } from '@credence/sdk/wire/gen/X509SVIDResponse.js';

/** One identity, with the bundle that verifies it. */
export interface FetchedSvid {
  readonly svid: X509Svid;
  readonly bundle: X509Bundle;
}

export interface FetchedX509 {
  readonly svids: readonly FetchedSvid[];
  /** Sorted by trust domain. */
  readonly federatedBundles: readonly X509Bundle[];
}

/**
 * An authority that is not usable is left out, as a workload does, and given to `report`.
 *
 * @throws SpiffeError of the part that is malformed or does not verify
 */
export function parseX509Response(
  response: X509SVIDResponse__Output,
  report: (problem: SpiffeError) => void,
): FetchedX509 {
  const svids = response.svids.map(({ x509_svid, x509_svid_key, bundle: der, hint }) => {
    const svid = X509Svid.parseRaw(x509_svid, x509_svid_key, hint === '' ? undefined : hint);
    const bundle = X509Bundle.parseUsable(svid.id.trustDomain, der, report);
    verifyX509Svid(
      svid.certificates.map(({ raw }) => raw),
      X509BundleSet.of(bundle),
    );
    return { svid, bundle };
  });
  const federatedBundles = Object.entries(response.federated_bundles)
    .map(([id, der]) => X509Bundle.parseUsable(TrustDomain.parse(id), der, report))
    .sort((a, b) => (a.trustDomain.name < b.trustDomain.name ? -1 : 1));
  return { svids, federatedBundles };
}

/** What people read. `elapsedMs` is the time that the answer took. */
export function renderX509({ svids, federatedBundles }: FetchedX509, elapsedMs: number): string {
  const heading = `Received ${svids.length} svid${svids.length === 1 ? '' : 's'} after ${renderElapsed(elapsedMs)}\n`;
  const federated = federatedBundles.flatMap(({ trustDomain, authorities }) =>
    authorities.map((certificate, index) => validity(`[${trustDomain.name}] CA #${index + 1}`, certificate)),
  );
  return `${heading}${svids.map((svid) => `\n${renderSvid(svid)}${federated.join('')}`).join('')}\n`;
}

function renderSvid({ svid, bundle }: FetchedSvid): string {
  const [leaf, ...intermediates] = svid.certificates;
  return [
    `SPIFFE ID:\t\t${svid.id.toString()}\n`,
    svid.hint === undefined ? '' : `Hint:\t\t\t${svid.hint}\n`,
    validity('SVID', leaf),
    ...intermediates.map((certificate, index) => validity(`Intermediate #${index + 1}`, certificate)),
    ...bundle.authorities.map((certificate, index) => validity(`CA #${index + 1}`, certificate)),
  ].join('');
}

function validity(label: string, { notBefore, notAfter }: Certificate): string {
  return `${label} Valid After:\t${renderInstant(notBefore)}\n${label} Valid Until:\t${renderInstant(notAfter)}\n`;
}

function renderInstant(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

function renderElapsed(ms: number): string {
  return ms < 1000 ? `${Number(ms.toFixed(3))}ms` : `${Number((ms / 1000).toFixed(6))}s`;
}
