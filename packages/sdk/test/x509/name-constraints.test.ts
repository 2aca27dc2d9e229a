import assert from 'node:assert/strict';
import { isSpiffeError } from '@credence/sdk';
import { nameConstraintProblem, nameConstraintsExtension, type UriNameConstraints } from '@credence/sdk/x509';
import { readNameConstraints } from '../../dist/x509/name-constraints.js';

const problem = (constraints: UriNameConstraints, uri: string): string | undefined =>
  nameConstraintProblem(readNameConstraints(nameConstraintsExtension(constraints).value), {
    uris: [uri],
    dnsNames: [],
    otherTags: new Set(),
    hasSubject: true,
  });

const dns = (hex: string, dnsName: string): string | undefined =>
  nameConstraintProblem(readNameConstraints(Buffer.from(hex, 'hex')), {
    uris: [],
    dnsNames: [dnsName],
    otherTags: new Set(),
    hasSubject: false,
  });

describe('name constraints on URIs (RFC 5280 §4.2.1.10)', () => {
  const cases: readonly (readonly [constraint: string, uri: string, matches: boolean])[] = [
    ['a.test', 'spiffe://a.test/w', true],
    ['a.test', 'spiffe://A.TEST/w', true],
    ['a.test', 'spiffe://x.a.test/w', false],
    ['a.test', 'spiffe://xa.test/w', false],
    ['a.test', 'spiffe://a.test.evil/w', false],
    ['.a.test', 'spiffe://x.a.test/w', true],
    ['.a.test', 'spiffe://y.x.a.test/w', true],
    ['.a.test', 'spiffe://a.test/w', false],
    ['.a.test', 'spiffe://xa.test/w', false],
    ['', 'spiffe://a.test/w', true],
  ];
  for (const [constraint, uri, matches] of cases) {
    it(`"${constraint}" ${matches ? 'matches' : 'does not match'} ${uri}`, () => {
      assert.equal(problem({ permittedUris: [constraint] }, uri) === undefined, matches);
      assert.equal(problem({ excludedUris: [constraint] }, uri) === undefined, !matches);
    });
  }

  for (const uri of [
    'urn:x',
    'spiffe:///w',
    'spiffe://192.168.1.1/w',
    'spiffe://[::1]/w',
    'spiffe://b.test:1@a.test/w',
    'spiffe://a%2etest/w',
  ]) {
    it(`refuse ${uri}, which has no host name`, () => {
      assert.notEqual(problem({ excludedUris: ['other.test'] }, uri), undefined);
      assert.notEqual(problem({ permittedUris: ['a.test'] }, uri), undefined);
    });
  }

  for (const host of ['spiffe://a.test', '*.a.test', 'a..test', '..a', '10.0.0.1', 'a test']) {
    it(`are refused when one is ${host}, for it would exclude nothing`, () => {
      assert.throws(
        () => problem({ excludedUris: [host] }, 'spiffe://a.test/w'),
        (error) => isSpiffeError(error, 'ERR_SPIFFE_CERTIFICATE'),
      );
    });
  }
});

describe('name constraints on DNS names (RFC 5280 §4.2.1.10)', () => {
  const subtree = `30088206${Buffer.from('x.test').toString('hex')}`;
  const permitted = `300ca00a${subtree}`;
  const excluded = `300ca10a${subtree}`;
  for (const [name, matches] of [
    ['x.test', true],
    ['y.x.test', true],
    ['yx.test', false],
  ] as const) {
    it(`x.test ${matches ? 'matches' : 'does not match'} ${name}`, () => {
      assert.equal(dns(permitted, name) === undefined, matches);
      assert.equal(dns(excluded, name) === undefined, !matches);
    });
  }

  it('exclude a wildcard that stands for an excluded name too', () => {
    assert.notEqual(dns(excluded, '*.test'), undefined);
    assert.equal(dns(excluded, '*.other'), undefined);
  });

  it('refuse names of a kind that is not supported, and only those', () => {
    const email = readNameConstraints(Buffer.from('3008a00630048102612e', 'hex'));
    const names = { uris: ['spiffe://a.test/w'], dnsNames: [], hasSubject: true };
    assert.equal(nameConstraintProblem(email, { ...names, otherTags: new Set() }), undefined);
    assert.notEqual(nameConstraintProblem(email, { ...names, otherTags: new Set([1]) }), undefined);
  });
});
