// The SVID service. Methods that are not here answer UNIMPLEMENTED, once the policy has let the caller through.
import type { SVIDHandlers } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/SVID.js';
import type { Pipeline } from '../pipeline.js';
import { batchNewX509Svid } from './batch-new-x509-svid.js';
import { mintX509Svid } from './mint-x509-svid.js';
import type { SvidServicePorts } from './ports.js';

export function createSvidService(ports: SvidServicePorts, pipeline: Pipeline): Partial<SVIDHandlers> {
  return {
    BatchNewX509SVID: pipeline.unary(batchNewX509Svid(ports)),
    MintX509SVID: pipeline.unary(mintX509Svid(ports)),
  };
}
