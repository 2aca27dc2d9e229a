import assert from 'node:assert/strict';
import { checkSigner } from '../../../../dist/attestation/workload/sigstore/signers.js';

const issuer = 'https://accounts.example';

describe('the signers that allowed_identities names', () => {
  const allowed: readonly [string, string, string][] = [
    ['a text as itself', 'ann@example.org', 'ann@example.org'],
    ['a text with a plus sign as itself', 'ann+ci@example.org', 'ann+ci@example.org'],
    ['a pattern', '.*@example\\.org', 'ann@example.org'],
    ['a pattern with its own ends', '^https://ci\\.example/app/.*$', 'https://ci.example/app/release.yaml'],
    ['a pattern of alternatives', 'ann@example.org|bob@example.org', 'bob@example.org'],
  ];
  for (const [name, pattern, subject] of allowed) {
    it(`include ${name}`, () => {
      checkSigner({ issuer, subject }, [{ issuer, subject: pattern }]);
    });
  }

  const refused: readonly [string, string, string][] = [
    ['a text that only begins alike', 'ann@example.org', 'ann@example.org.evil.test'],
    ['what a pattern matches in part', '.*@example\\.org', 'ann@example.org.evil.test'],
    ['what one alternative matches in part', 'ann@example.org|bob@example.org', 'eve@evil.test/bob@example.org'],
    ['a text with dots as if it were a pattern', 'ann@example.org', 'ann@exampleXorg'],
  ];
  for (const [name, pattern, subject] of refused) {
    it(`do not include ${name}`, () => {
      const check = (): void => {
        checkSigner({ issuer, subject }, [{ issuer, subject: pattern }]);
      };
      assert.throws(check, { code: 'ERR_ATTESTATION', message: /which allowed_identities does not name$/ });
    });
  }

  it('go by the issuer, too, and by both of one entry', () => {
    const entries = [
      { issuer, subject: 'ann@example.org' },
      { issuer: 'https://ci\\.example/.*', subject: 'bob@example.org' },
    ];
    checkSigner({ issuer: 'https://ci.example/a', subject: 'bob@example.org' }, entries);
    assert.throws(() => {
      checkSigner({ issuer, subject: 'bob@example.org' }, entries);
    }, /"bob@example\.org" of "https:\/\/accounts\.example"/);
  });

  it('are all when none is named', () => {
    checkSigner({ issuer, subject: 'eve@evil.test' }, []);
  });
});
