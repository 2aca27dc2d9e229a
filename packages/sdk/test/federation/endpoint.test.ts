import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isSpiffeError } from '@credence/sdk';
import { parseEndpointUrl } from '@credence/sdk/federation';

describe('the URL of a bundle endpoint (SPIFFE Federation §5.2.1.1)', () => {
  for (const url of [
    'https://partner.test',
    'HTTPS://partner.test:8443/bundle?x=y',
    'https://[::1]/a@b',
    'https://x/?@',
  ]) {
    it(`may be ${url}`, () => {
      assert.equal(parseEndpointUrl(url).protocol, 'https:');
    });
  }

  const refused = [
    ...['', 'partner.test', 'https:partner.test', 'https:/partner.test', '//partner.test', 'http://partner.test'],
    ...['https://', 'https://:443', 'https://partner.test:99999', ' https://partner.test', 'https://part ner.test'],
    ...[
      'https://user:secret@partner.test',
      'https://@partner.test',
      'https://:@partner.test',
      'https://a\\@partner.test',
    ],
    ...['ht\ntps://user@partner.test', 'https://\tuser@partner.test', 'https:\\\\user@partner.test'],
  ];
  for (const url of refused) {
    it(`is not ${JSON.stringify(url)}`, () => {
      assert.throws(
        () => parseEndpointUrl(url),
        (error) => isSpiffeError(error, 'ERR_SPIFFE_BUNDLE_ENDPOINT') && !error.message.includes('secret'),
      );
    });
  }

  it('is never one that Node would read a user out of', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('/', '\\', '@', ':', 'a', '?', '#', '\t', ' ', '.') }), (rest) => {
        const url = `https:${rest}`;
        let parsed: URL;
        try {
          parsed = parseEndpointUrl(url);
        } catch {
          return;
        }
        assert.equal(parsed.protocol + parsed.username + parsed.password, 'https:');
      }),
    );
  });
});
