// `federation refresh`: fetches the bundle of a federated trust domain now.
import { status } from '@grpc/grpc-js';
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { isServiceError, trustDomainApi } from '@credence/sdk/wire';
import type { Empty__Output } from '@credence/sdk/wire/gen/google/protobuf/Empty.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { requiredTrustDomain } from '../values.js';

const flags = {
  ...adminFlags,
  id: { kind: 'text', metavar: 'SPIFFE ID', help: 'the trust domain' },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  requiredTrustDomain('--id', values.id);
  const { id = '' } = values;
  return withServer(values, terminal, async (connect) => {
    const client = connect(trustDomainApi);
    try {
      await failing('failed to refresh bundle', () =>
        answer<Empty__Output>((done) => client.RefreshBundle({ trust_domain: id }, done)),
      );
    } catch (cause) {
      if (!(cause instanceof Error) || !isNotFound(cause.cause)) throw cause;
      throw new Error(`there is no federation relationship with trust domain ${encodeJson(id)}`, { cause });
    }
    terminal.out(values.output === 'json' ? `${encodeJson({ code: 0, message: 'OK' })}\n` : 'Bundle refreshed\n');
    return exitCodes.done;
  });
});

function isNotFound(error: unknown): boolean {
  return isServiceError(error) && error.code === status.NOT_FOUND;
}
