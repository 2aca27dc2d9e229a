import assert from 'node:assert/strict';
import { Metadata, status } from '@grpc/grpc-js';
import { serverFailure } from '../../dist/serverclient/failure.js';

const failed = (code: status, details: string): Error =>
  Object.assign(new Error(details), { code, details, metadata: new Metadata() });

describe('what a failed call means', () => {
  const connection = 'round_robin: No connection established. Last error: ';
  const cases: readonly { readonly what: string; readonly error: Error; readonly serverUnknown: boolean }[] = [
    {
      what: 'of a connection whose certificate no authority has issued',
      error: failed(
        status.UNAVAILABLE,
        `${connection}Error: unable to verify the first certificate. Resolution note: `,
      ),
      serverUnknown: true,
    },
    {
      what: 'of a connection that was refused',
      error: failed(status.UNAVAILABLE, `${connection}connect ECONNREFUSED`),
      serverUnknown: false,
    },
    // The server was recognised, or it could not have answered.
    ...[status.UNAVAILABLE, status.INTERNAL, status.UNKNOWN].map((code) => ({
      what: `${status[code]}, in which the server says that of another`,
      error: failed(code, 'upstream authority: self-signed certificate in certificate chain'),
      serverUnknown: false,
    })),
  ];
  for (const { what, error, serverUnknown } of cases) {
    it(`${what}: the server is ${serverUnknown ? 'un' : ''}known`, () => {
      assert.equal(serverFailure(error, 'GetBundle').details['serverUnknown'], serverUnknown);
    });
  }
});
