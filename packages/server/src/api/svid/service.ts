// The SVID service. Methods that are not here answer UNIMPLEMENTED, once the policy has let the caller through.
import type { SVIDHandlers } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/SVID.js';
import type { Pipeline } from '../pipeline.js';
import { batchNewX509Svid } from './batch-new-x509-svid.js';
import { mintJwtSvid } from './mint-jwt-svid.js';
import { mintX509Svid } from './mint-x509-svid.js';
import { newDownstreamX509Ca } from './new-downstream-x509-ca.js';
import { newJwtSvid } from './new-jwt-svid.js';
import type { SvidServicePorts } from './ports.js';

export function createSvidService(ports: SvidServicePorts, pipeline: Pipeline): Partial<SVIDHandlers> {
  return {
    BatchNewX509SVID: pipeline.unary(batchNewX509Svid(ports)),
    MintJWTSVID: pipeline.unary(mintJwtSvid(ports)),
    MintX509SVID: pipeline.unary(mintX509Svid(ports)),
    NewDownstreamX509CA: pipeline.unary(newDownstreamX509Ca(ports)),
    NewJWTSVID: pipeline.unary(newJwtSvid(ports)),
  };
}
