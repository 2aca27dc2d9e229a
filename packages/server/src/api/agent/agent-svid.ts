// Signing for agents: the request gives the key and nothing else.
import type { SpiffeId } from '@credence/sdk';
import type { CheckedCsr, CsrChecker, IssuedX509Svid } from '../../ca/ports.js';
import { serverError } from '../../domain/errors.js';
import { describe } from '../interceptors/errors.js';
import type { AgentServicePorts } from './ports.js';

/** Checks one request, proof of possession included. @throws StatusError INVALID_ARGUMENT `failed to parse CSR: …` */
export async function checkAgentCsr(csrs: CsrChecker, csr: Uint8Array): Promise<CheckedCsr> {
  const [checked] = await csrs.check([csr]);
  if (checked === undefined || checked instanceof Error) {
    throw describe('failed to parse CSR', checked ?? serverError('ERR_CSR', 'not checked'));
  }
  return checked;
}

/** @throws `ERR_NOT_READY`, `ERR_PROFILE` */
export function issueAgentSvid(
  { issuer, agentTtlSeconds }: Pick<AgentServicePorts, 'issuer' | 'agentTtlSeconds'>,
  spiffeId: SpiffeId,
  { publicKeyInfo }: CheckedCsr,
): IssuedX509Svid {
  return issuer.issueX509Svid({ spiffeId, publicKeyInfo, ttlSeconds: agentTtlSeconds });
}
