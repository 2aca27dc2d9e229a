// Signs for an administrator, who may name whatever workload of the trust domain the request says.
import { SpiffeId, type TrustDomain } from '@credence/sdk/spiffeid';
import type { MintX509SVIDRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/MintX509SVIDRequest.js';
import type { MintX509SVIDResponse } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/MintX509SVIDResponse.js';
import type { CheckedCsr } from '../../ca/ports.js';
import { dnsNameProblem } from '../../domain/dns-name.js';
import { serverError } from '../../domain/errors.js';
import { checkWorkload } from '../../domain/id-class.js';
import { encodeX509Svid } from '../convert/svid.js';
import type { UnaryHandler } from '../pipeline.js';
import type { SvidServicePorts } from './ports.js';

export function mintX509Svid({
  trustDomain,
  csrs,
  issuer,
}: SvidServicePorts): UnaryHandler<MintX509SVIDRequest__Output, MintX509SVIDResponse> {
  return async ({ csr, ttl }, call) => {
    if (csr.length === 0) throw invalid('missing CSR');
    const [checked] = await csrs.check([csr]);
    if (checked === undefined || checked instanceof Error) throw checked ?? invalid('malformed CSR: not checked');
    const spiffeId = requestedId(checked, trustDomain);
    call.audit.add({ spiffe_id: spiffeId.toString(), dns_names: checked.dnsNames, ttl });
    checkDnsNames(checked.dnsNames);
    const svid = issuer.issueX509Svid({
      spiffeId,
      publicKeyInfo: checked.publicKeyInfo,
      ttlSeconds: ttl,
      dnsNames: checked.dnsNames,
      ...(isEmptyName(checked.subject) ? {} : { subject: checked.subject }),
    });
    return { svid: encodeX509Svid(spiffeId, svid) };
  };
}

/** X509-SVID §2: exactly one URI SAN, the SPIFFE ID. */
function requestedId({ uriSans }: CheckedCsr, trustDomain: TrustDomain): SpiffeId {
  const [uri, ...more] = uriSans;
  if (uri === undefined) throw invalid('CSR URI SAN is required');
  if (more.length > 0) throw invalid('only one URI SAN is expected');
  try {
    const id = SpiffeId.parse(uri);
    checkWorkload(id, trustDomain);
    return id;
  } catch (error) {
    throw invalid(`CSR URI SAN is invalid: ${(error as Error).message}`, error);
  }
}

function checkDnsNames(names: readonly string[]): void {
  for (const name of names) {
    const problem = dnsNameProblem(name);
    if (problem !== undefined) throw invalid(`CSR DNS name is invalid: "${name}": ${problem}`);
  }
  for (const wildcard of names.filter((name) => name.startsWith('*.'))) {
    if (names.some((name) => covers(wildcard, name))) {
      throw invalid('CSR DNS name contains a wildcard that covers another non-wildcard name');
    }
  }
}

/** RFC 6125 §6.4.3: a wildcard stands for exactly one label. */
function covers(wildcard: string, name: string): boolean {
  const dot = name.indexOf('.');
  return !name.startsWith('*') && dot !== -1 && name.slice(dot).toLowerCase() === wildcard.slice(1).toLowerCase();
}

function isEmptyName(name: Buffer): boolean {
  return name.length <= 2;
}

function invalid(message: string, cause?: unknown): Error {
  return serverError('ERR_INVALID_ARGUMENT', message, cause === undefined ? {} : { cause });
}
