import assert from 'node:assert/strict';
import { dnsNameProblem } from '../../dist/domain/dns-name.js';

describe('dnsNameProblem', () => {
  const label63 = 'a'.repeat(63);
  const name253 = [label63, label63, label63, 'a'.repeat(61)].join('.');
  for (const name of ['a', 'a.b', 'A-1.b', '1', '*.a.b', '*.a', 'xn--mnchen-3ya.de', label63, name253]) {
    it(`accepts ${name}`, () => {
      assert.equal(dnsNameProblem(name), undefined);
    });
  }

  const refused: [name: string, problem: RegExp][] = [
    ['*.*.a', /too many wildcards/],
    ['a.*', /wildcard must be first label/],
    ['*a.b', /wildcard must be first label/],
    ['*', /wildcard must be first label/],
    ['', /empty domain/],
    [' ', /empty domain/],
    ['*.', /empty domain/],
    ['a.', /domain ends with dot/],
    ['a..b', /is empty/],
    ['.a', /is empty/],
    ['-a.b', /hyphen/],
    ['a-.b', /hyphen/],
    ['a_b', /characters other than/],
    ['a b', /characters other than/],
    ['ü.de', /characters other than/],
    ['a\0.de', /characters other than/],
    ['ab--c.de', /not a valid A-label/],
    ['xn--a.de', /not a valid A-label/],
    [`${label63}a`, /longer than 63/],
    [`${name253}a`, /longer than 253/],
  ];
  for (const [name, problem] of refused) {
    it(`refuses ${JSON.stringify(name)}`, () => {
      assert.match(dnsNameProblem(name) ?? '', problem);
    });
  }
});
