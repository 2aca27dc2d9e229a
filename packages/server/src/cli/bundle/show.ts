// `bundle show`
import { defineCommand, encodeJson, exitCodes } from '@credence/sdk/daemon';
import { bundleApi } from '@credence/sdk/wire';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { toPem } from '@credence/sdk/x509';
import { adminFlags, answer, withServer } from '../admin-client.js';
import { encodeSpiffeBundle } from './spiffe-bundle.js';

const flags = {
  ...adminFlags,
  format: { kind: 'choice', choices: { pem: 'pem', spiffe: 'spiffe' }, default: 'pem', help: 'form of the bundle' },
} as const;

export const command = defineCommand(flags, async (values, terminal) => {
  return withServer(values, terminal, async (connect) => {
    const client = connect(bundleApi);
    const bundle = await answer<Bundle__Output>((done) => client.GetBundle({}, done));
    if (values.output === 'json') terminal.out(`${encodeJson(bundle)}\n`);
    else terminal.out(values.format === 'pem' ? encodePem(bundle) : encodeSpiffeBundle(bundle));
    return exitCodes.done;
  });
});

function encodePem(bundle: Bundle__Output): string {
  return bundle.x509_authorities.map(({ asn1 }) => toPem(asn1, 'CERTIFICATE')).join('');
}
