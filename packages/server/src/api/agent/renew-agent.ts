// A new SVID for an agent in good standing. The old one stays valid until the new one is first used.
import { permissionDenied } from '@credence/sdk/wire';
import type { RenewAgentRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/RenewAgentRequest.js';
import type { RenewAgentResponse } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/RenewAgentResponse.js';
import { serverError } from '../../domain/errors.js';
import { recheckAgent } from '../agent-check.js';
import { agentOf } from '../call.js';
import { encodeX509Svid } from '../convert/svid.js';
import type { UnaryHandler } from '../pipeline.js';
import { checkAgentCsr, issueAgentSvid } from './agent-svid.js';
import type { AgentServicePorts } from './ports.js';

export function renewAgent(ports: AgentServicePorts): UnaryHandler<RenewAgentRequest__Output, RenewAgentResponse> {
  return async ({ params }, call) => {
    await ports.rateLimits.take(call, 1);
    const { id, canReattest } = agentOf(call);
    if (canReattest) throw permissionDenied('agent must reattest instead of renew', 'AGENT_MUST_REATTEST');
    if (params === null) throw serverError('ERR_INVALID_ARGUMENT', 'params cannot be nil');
    if (params.csr.length === 0) throw serverError('ERR_INVALID_ARGUMENT', 'missing CSR');
    const csr = await checkAgentCsr(ports.csrs, params.csr);
    await recheckAgent(call, ports);
    const svid = issueAgentSvid(ports, id, csr);
    await ports.agents.renew(id, { serialNumber: svid.serialNumber, expiresAt: svid.expiresAt });
    return { svid: encodeX509Svid(id, svid) };
  };
}
