import assert from 'node:assert/strict';
import { isSpiffeError } from '@credence/sdk';
import { normaliseArguments, type Flags } from '@credence/sdk/daemon';
import fc from 'fast-check';

const flags = {
  spiffeId: { kind: 'text', spire: 'spiffeID', help: '' },
  x509SvidTtl: { kind: 'integer', spire: 'x509SVIDTTL', help: '' },
  node: { kind: 'boolean', help: '' },
  selector: { kind: 'list', help: '' },
} as const satisfies Flags;

const id = 'spiffe://example.org/web';

describe('normaliseArguments', () => {
  const spellings = ['--spiffe-id', '-spiffe-id', '--spiffeID', '-spiffeID'];
  for (const spelling of spellings) {
    it(`reads ${spelling} with its value in the next argument and after an equals sign`, () => {
      assert.deepEqual(normaliseArguments([spelling, id], flags), [`--spiffe-id=${id}`]);
      assert.deepEqual(normaliseArguments([`${spelling}=${id}`], flags), [`--spiffe-id=${id}`]);
    });
  }

  it('takes the next argument as a value even when it starts with a dash', () => {
    assert.deepEqual(normaliseArguments(['-x509SVIDTTL', '-5'], flags), ['--x509-svid-ttl=-5']);
  });

  it('keeps equals signs and line ends within a value, and the empty value', () => {
    assert.deepEqual(normaliseArguments(['-selector=a:b=c\nd', '-spiffeID='], flags), [
      '--selector=a:b=c\nd',
      '--spiffe-id=',
    ]);
  });

  const booleans = [
    { argument: '-node', normalised: '--node' },
    { argument: '--node=true', normalised: '--node' },
    { argument: '-node=1', normalised: '--node' },
    { argument: '-node=false', normalised: '--no-node' },
    { argument: '--node=F', normalised: '--no-node' },
  ];
  for (const { argument, normalised } of booleans) {
    it(`reads the boolean ${argument}`, () => {
      assert.deepEqual(normaliseArguments([argument], flags), [normalised]);
    });
  }

  it('lets a list be repeated, in order', () => {
    assert.deepEqual(normaliseArguments(['-selector', 'a:1', '--selector=b:2'], flags), [
      '--selector=a:1',
      '--selector=b:2',
    ]);
  });

  const refused = [
    { args: ['-spifeID', id], message: 'unknown flag -spifeID; did you mean -spiffeID?' },
    { args: ['--spiffe-idd=x'], message: 'unknown flag --spiffe-idd; did you mean --spiffe-id?' },
    { args: ['--password=hunter2'], message: 'unknown flag --password' },
    { args: ['--SPIFFEID', id], message: 'unknown flag --SPIFFEID; did you mean --spiffeID?' },
    { args: ['-spiffeID'], message: 'flag needs a value: -spiffeID' },
    { args: ['-spiffeID', id, '--spiffe-id', id], message: 'flag given twice: --spiffe-id' },
    { args: ['-node=maybe'], message: 'flag -node is "maybe"; true or false are accepted' },
    { args: ['-node='], message: 'flag -node is ""; true or false are accepted' },
    { args: ['-node', 'true'], message: 'unexpected argument "true"' },
    { args: ['--no-node'], message: 'unknown flag --no-node' },
    { args: ['--'], message: 'unexpected argument "--"' },
    { args: ['-'], message: 'unexpected argument "-"' },
    { args: ['--__proto__=1'], message: 'unknown flag --__proto__' },
  ];
  for (const { args, message } of refused) {
    it(`refuses ${args.join(' ')}`, () => {
      assert.throws(
        () => normaliseArguments(args, flags),
        (error) => isSpiffeError(error, 'ERR_USAGE') && error.message === message,
      );
    });
  }

  it('reads an operand without its name, once', () => {
    const withOperand = { ...flags, file: { kind: 'text', operand: true, help: '' } } as const satisfies Flags;
    const read = (...args: string[]): string[] => normaliseArguments(args, withOperand);
    assert.deepEqual(read('/a', '--node'), ['--file=/a', '--node']);
    assert.deepEqual(read('--node', 'a=b'), ['--node', '--file=a=b']);
    assert.deepEqual(read('--file', '-'), ['--file=-']);
    for (const args of [['a', 'b'], ['--file=a', 'b'], ['a', '--file=b'], ['-'], ['--']]) {
      assert.throws(
        () => read(...args),
        (error) => isSpiffeError(error, 'ERR_USAGE'),
        args.join(' '),
      );
    }
  });

  it('carries any value through unchanged', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...spellings), (value, spelling) => {
        assert.deepEqual(normaliseArguments([`${spelling}=${value}`], flags), [`--spiffe-id=${value}`]);
        assert.deepEqual(normaliseArguments([spelling, value], flags), [`--spiffe-id=${value}`]);
      }),
    );
  });
});
