// Asks the agent's own Workload API, as a workload would.
import { credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { workloadApi } from '@credence/sdk/wire';
import { securityHeader } from '../workload/security-header.js';
import type { HealthProbe } from './shared-probe.js';

/** True when FetchX509SVID on this socket answers; that it issues the agent no identity is an answer, too. */
export function workloadApiProbe(socketPath: string): HealthProbe {
  return async (signal) => {
    const client = workloadApi.createClient(`unix:${socketPath}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_channelz': 0,
    });
    const metadata = new Metadata();
    metadata.set(securityHeader, 'true');
    const call = client.FetchX509SVID({}, metadata);
    try {
      return await new Promise<boolean>((resolve) => {
        signal.addEventListener(
          'abort',
          () => {
            resolve(false);
          },
          { once: true },
        );
        call.once('data', () => {
          resolve(true);
        });
        call.on('error', (error: ServiceError) => {
          resolve(error.code === status.PERMISSION_DENIED);
        });
        call.once('end', () => {
          resolve(false);
        });
      });
    } finally {
      call.cancel();
      client.close();
    }
  };
}
