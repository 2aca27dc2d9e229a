// `jwt mint`: a JWT-SVID for whatever workload of the trust domain.
import { defineCommand, encodeJson, exitCodes, usageError } from '@credence/sdk/daemon';
import { writeFileAtomic } from '@credence/sdk/runtime';
import { svidApi } from '@credence/sdk/wire';
import type { MintJWTSVIDResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/MintJWTSVIDResponse.js';
import { adminFlags, answer, failing, withServer } from '../admin-client.js';
import { warnOfCutLifetime } from '../cut-lifetime.js';
import { parseTtlText, requiredId } from '../values.js';

const flags = {
  ...adminFlags,
  spiffeId: { kind: 'text', spire: 'spiffeID', metavar: 'SPIFFE ID', help: 'SPIFFE ID of the JWT-SVID' },
  audience: { kind: 'list', help: 'audience of the JWT-SVID; may be repeated' },
  ttl: { kind: 'text', metavar: 'duration', default: '0', help: "lifetime such as 5m; 0 is the server's default" },
  write: { kind: 'text', metavar: 'file', help: 'write the token there, readable by its owner alone' },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  const id = requiredId('--spiffe-id', values.spiffeId);
  const { audience, write } = values;
  if (audience.length === 0) throw usageError('--audience is required; https://api.example.org is accepted');
  const ttl = parseTtlText('--ttl', values.ttl);
  const { svid } = await withServer(values, terminal, (connect) => {
    const client = connect(svidApi);
    const request = { id, audience: [...audience], ttl };
    return failing('unable to mint SVID', () =>
      answer<MintJWTSVIDResponse__Output>((done) => client.MintJWTSVID(request, done)),
    );
  });
  if (svid === null) throw new Error('the server sent no JWT-SVID');
  warnOfCutLifetime('JWT-SVID', { ttl, expiresAt: svid.expires_at }, terminal);
  if (write !== undefined) {
    await writeFileAtomic(write, svid.token, 0o600);
    terminal.out(`JWT-SVID written to ${write}\n`);
  } else {
    terminal.out(values.output === 'json' ? `${encodeJson({ svid })}\n` : `${svid.token}\n`);
  }
  return exitCodes.done;
});
