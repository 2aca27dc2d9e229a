// `upstreamauthority taint` and `upstreamauthority revoke`: withdraws an authority that signed this server's.
import type { requestCallback } from '@grpc/grpc-js';
import { defineCommand, encodeJson, exitCodes, printable, usageError, type CommandModule } from '@credence/sdk/daemon';
import { localAuthorityApi } from '@credence/sdk/wire';
import type { LocalAuthorityClient } from '@credence/sdk/wire/gen/spire/api/server/localauthority/v1/LocalAuthority.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';

interface Subject {
  readonly subject_key_id: string;
}

interface Withdrawn {
  readonly upstream_authority_subject_key_id: string;
}

interface Step {
  readonly verb: 'taint' | 'revoke';
  readonly done: string;
  readonly call: (client: LocalAuthorityClient, request: Subject, done: requestCallback<Withdrawn>) => void;
}

function stepCommand({ verb, done: heading, call }: Step): CommandModule {
  const flags = {
    ...adminFlags,
    subjectKeyId: { kind: 'text', spire: 'subjectKeyID', metavar: 'ID', help: `the authority to ${verb}` },
  } as const;
  return defineCommand(flags, async (values, terminal) => {
    const { subjectKeyId: id } = values;
    if (id === undefined || id === '') {
      throw usageError("--subject-key-id is required; the upstream authority's, in hexadecimal, is accepted");
    }
    const response = await withServer(values, terminal, (connect) => {
      const client = connect(localAuthorityApi);
      return failing(`could not ${verb} X.509 upstream authority`, () =>
        answer<Withdrawn>((done) => {
          call(client, { subject_key_id: id }, done);
        }),
      );
    });
    const text = `${heading} X.509 upstream authority:\n  Subject Key ID: ${printable(response.upstream_authority_subject_key_id)}\n`;
    terminal.out(values.output === 'json' ? `${encodeJson(response)}\n` : text);
    return exitCodes.done;
  });
}

export const commands = {
  taint: stepCommand({
    verb: 'taint',
    done: 'Tainted',
    call: (client, request, done) => client.TaintX509UpstreamAuthority(request, done),
  }),
  revoke: stepCommand({
    verb: 'revoke',
    done: 'Revoked',
    call: (client, request, done) => client.RevokeX509UpstreamAuthority(request, done),
  }),
};
