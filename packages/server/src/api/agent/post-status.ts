// What an agent tells of itself.
import type { PostStatusRequest__Output } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/PostStatusRequest.js';
import type { PostStatusResponse } from '@credence/sdk/wire/gen/spire/api/server/agent/v1/PostStatusResponse.js';
import { serverError } from '../../domain/errors.js';
import { agentOf } from '../call.js';
import type { UnaryHandler } from '../pipeline.js';
import type { AgentServicePorts } from './ports.js';

const maxVersionBytes = 255;

export function postStatus({
  agents,
  rateLimits,
}: Pick<AgentServicePorts, 'agents' | 'rateLimits'>): UnaryHandler<PostStatusRequest__Output, PostStatusResponse> {
  return async ({ agent_version: version }, call) => {
    await rateLimits.take(call, 1);
    if (Buffer.byteLength(version) > maxVersionBytes) {
      throw serverError('ERR_INVALID_ARGUMENT', `agent_version is longer than ${maxVersionBytes} bytes`);
    }
    if (/\p{C}/u.test(version)) {
      throw serverError('ERR_INVALID_ARGUMENT', 'agent_version holds a control character; printable text is accepted');
    }
    const { id, agentVersion } = agentOf(call);
    if (version !== '' && version !== agentVersion) await agents.setVersion(id, version);
    return {};
  };
}
