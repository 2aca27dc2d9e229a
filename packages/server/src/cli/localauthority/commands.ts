// The rotation of authorities by hand, the same commands for every kind of authority.
import type { requestCallback } from '@grpc/grpc-js';
import {
  defineCommand,
  encodeJson,
  exitCodes,
  printable,
  usageError,
  type CommandModule,
  type FlagValues,
  type Terminal,
} from '@credence/sdk/daemon';
import { localAuthorityApi } from '@credence/sdk/wire';
import type { AuthorityState__Output } from '@credence/sdk/wire/gen/spire/api/server/localauthority/v1/AuthorityState.js';
import type { LocalAuthorityClient } from '@credence/sdk/wire/gen/spire/api/server/localauthority/v1/LocalAuthority.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { renderInstant } from '../render.js';

type State = AuthorityState__Output | null;

export interface AuthorityStates {
  readonly active: State;
  readonly prepared: State;
  readonly old: State;
}

type Call<Request, Response> = (
  client: LocalAuthorityClient,
  request: Request,
  done: requestCallback<Response>,
) => void;
interface IdRequest {
  readonly authority_id: string;
}

/** The calls of one kind of authorities, and what is printed of it. */
export interface AuthorityCalls {
  /** `X.509` or `JWT` */
  readonly name: string;
  readonly hasUpstream: boolean;
  /** What a failed `show` begins with; undefined: nothing. */
  readonly showFailure: string | undefined;
  readonly show: Call<object, AuthorityStates>;
  readonly prepare: Call<object, { readonly prepared_authority: State }>;
  readonly activate: Call<IdRequest, { readonly activated_authority: State }>;
  readonly taint: Call<IdRequest, { readonly tainted_authority: State }>;
  readonly revoke: Call<IdRequest, { readonly revoked_authority: State }>;
}

export interface AuthorityCommands {
  readonly show: CommandModule;
  readonly prepare: CommandModule;
  readonly activate: CommandModule;
  readonly taint: CommandModule;
  readonly revoke: CommandModule;
}

export function authorityCommands(calls: AuthorityCalls): AuthorityCommands {
  return {
    show: showCommand(calls),
    prepare: defineCommand(adminFlags, (values, terminal) =>
      run(values, terminal, `could not prepare ${calls.name} authority`, {
        call: (client, done: requestCallback<{ readonly prepared_authority: State }>) => {
          calls.prepare(client, {}, done);
        },
        render: ({ prepared_authority: state }) => render(calls, 'Prepared', state),
      }),
    ),
    activate: stepCommand(calls, 'activate', calls.activate, (answered) =>
      render(calls, 'Activated', answered.activated_authority),
    ),
    taint: stepCommand(calls, 'taint', calls.taint, (answered) => render(calls, 'Tainted', answered.tainted_authority)),
    revoke: stepCommand(calls, 'revoke', calls.revoke, (answered) =>
      render(calls, 'Revoked', answered.revoked_authority),
    ),
  };
}

function showCommand(calls: AuthorityCalls): CommandModule {
  return defineCommand(adminFlags, (values, terminal) =>
    run(values, terminal, calls.showFailure, {
      call: (client, done: requestCallback<AuthorityStates>) => {
        calls.show(client, {}, done);
      },
      render: ({ active, prepared, old }) =>
        [render(calls, 'Active', active), render(calls, 'Prepared', prepared), render(calls, 'Old', old)].join('\n'),
    }),
  );
}

function stepCommand<Response>(
  { name }: AuthorityCalls,
  verb: string,
  call: Call<IdRequest, Response>,
  show: (response: Response) => string,
): CommandModule {
  const flags = {
    ...adminFlags,
    authorityId: { kind: 'text', spire: 'authorityID', metavar: 'ID', help: `the authority to ${verb}` },
  } as const;
  return defineCommand(flags, (values, terminal) => {
    const { authorityId: id } = values;
    if (id === undefined || id === '') throw usageError('--authority-id is required; `show` names the authorities');
    return run(values, terminal, `could not ${verb} ${name} authority`, {
      call: (client, done: requestCallback<Response>) => {
        call(client, { authority_id: id }, done);
      },
      render: show,
    });
  });
}

interface Step<Response> {
  readonly call: (client: LocalAuthorityClient, done: requestCallback<Response>) => void;
  readonly render: (response: Response) => string;
}

function run<Response>(
  values: FlagValues<typeof adminFlags>,
  terminal: Terminal,
  failure: string | undefined,
  step: Step<Response>,
): Promise<typeof exitCodes.done> {
  return withServer(values, terminal, async (connect) => {
    const client = connect(localAuthorityApi);
    const ask = (): Promise<Response> =>
      answer<Response>((done) => {
        step.call(client, done);
      });
    const response = await (failure === undefined ? ask() : failing(failure, ask));
    terminal.out(values.output === 'json' ? `${encodeJson(response)}\n` : step.render(response));
    return exitCodes.done;
  });
}

function render({ name, hasUpstream }: AuthorityCalls, status: string, state: State): string {
  const heading = `${status} ${name} authority:\n`;
  if (state === null) return `${heading}  No ${status.toLowerCase()} ${name} authority found\n`;
  const { authority_id: id, expires_at: expiresAt, upstream_authority_subject_key_id: upstream } = state;
  const lines = [`Authority ID: ${printable(id)}`, `Expires at: ${renderInstant(expiresAt)}`];
  const upstreamLine =
    upstream === ''
      ? 'Upstream authority ID: No upstream authority'
      : `Upstream authority Subject Key ID: ${printable(upstream)}`;
  return `${heading}${[...lines, ...(hasUpstream ? [upstreamLine] : [])].map((line) => `  ${line}\n`).join('')}`;
}
