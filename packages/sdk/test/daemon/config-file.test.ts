import assert from 'node:assert/strict';
import { isSpiffeError } from '@credence/sdk';
import { loadConfigFile, parseConfig, parsedBy, parseFlagKeys, toDurationMs, unknownKeys } from '@credence/sdk/daemon';
import { z } from 'zod';

const innerShape = { interval: z.string().transform(toDurationMs).optional() };
const shape = {
  trust_domain: z.string().optional(),
  even: z.string().transform(parsedBy(parseEven, '4')).optional(),
  inner: z.strictObject(innerShape, unknownKeys(innerShape)).optional(),
};
const schema = z.strictObject(shape, unknownKeys(shape));

function parseEven(text: string): number {
  if (Number(text) % 2 !== 0) throw new TypeError(`"${text}" is not even`);
  return Number(text);
}

async function problemsOf(text: string): Promise<string> {
  try {
    await parseConfig(text, schema, 'demo.yaml');
  } catch (error) {
    assert.ok(isSpiffeError(error, 'ERR_CONFIG'));
    return error.message;
  }
  return assert.fail('the configuration was accepted');
}

describe('parseConfig', () => {
  it('reads a file, and an empty one', async () => {
    const text = 'trust_domain: example.org\neven: "4"\ninner: { interval: 1h30m }\n';
    assert.deepEqual(await parseConfig(text, schema, 'demo.yaml'), {
      trust_domain: 'example.org',
      even: 4,
      inner: { interval: 5_400_000 },
    });
    assert.deepEqual(await parseConfig('', schema, 'demo.yaml'), {});
  });

  it('lists every problem with its path, what is accepted, and the key that was meant', async () => {
    assert.equal(
      await problemsOf('trust_domian: x\neven: "3"\ninner: { intervall: 5s, interval: soon }\n'),
      [
        'demo.yaml is not usable:',
        '  even: "3" is not even; 4 is accepted',
        '  inner.interval: "soon" is not a positive duration; 30s, 5m or 1h30m is accepted',
        '  inner: unknown key "intervall"; did you mean "interval"?',
        '  unknown key "trust_domian"; did you mean "trust_domain"?',
      ].join('\n'),
    );
  });

  const refused = [
    { name: 'a duration of zero', text: 'inner: { interval: 0s }', says: /not a positive duration/ },
    { name: 'a key given twice', text: 'even: "2"\neven: "4"', says: /line 2, column 1: not YAML \(DUPLICATE_KEY\)/ },
    { name: 'broken YAML', text: 'a: [', says: /line 1, column 5: not YAML/ },
    { name: 'an alias', text: 'trust_domain: &a x\neven: *a', says: /aliases are not accepted/ },
    { name: 'a key of the language', text: '__proto__: { even: "2" }', says: /unknown key/ },
    { name: 'a list', text: '- trust_domain', says: /not usable/ },
    { name: 'an unknown key like no other', text: 'inner: { colour: x }', says: /"colour"; interval is accepted/ },
    { name: 'a value of another kind', text: 'trust_domain: 3', says: /trust_domain: is not text; text is accepted/ },
    { name: 'a value for a section', text: 'inner: 5s', says: /inner: is not a section of keys; a section of keys is/ },
  ];
  for (const { name, text, says } of refused) {
    it(`refuses ${name}`, async () => {
      assert.match(await problemsOf(text), says);
    });
  }

  it('quotes nothing of a file that is not YAML: it may hold secrets', async () => {
    assert.doesNotMatch(await problemsOf('trust_domain: "hunter2\n'), /hunter2/);
  });
});

describe('variables of the environment', () => {
  const any = z.record(z.string(), z.unknown());
  const variables = { NAME: 'example.org', PORT: '8081', YES: 'true', TRAP: 'x: 1\ny: [2]', LIST: '[1, 2]', EMPTY: '' };
  const read = (text: string, env?: Record<string, string>): Promise<unknown> =>
    parseConfig(text, any, { name: 'demo.yaml', variables: env });

  it('stand for values, and are read as values where no quotes say otherwise', async () => {
    const text = 'a: ${NAME}\nb: ${PORT}\nc: "${PORT}"\nd: ${YES}\ne: ["td-${NAME}/${PORT}"]\nf: ${EMPTY}';
    const expected = { a: 'example.org', b: 8081, c: '8081', d: true, e: ['td-example.org/8081'], f: '' };
    assert.deepEqual(await read(text, variables), expected);
  });

  it('never become keys, lists or comments', async () => {
    assert.deepEqual(await read('a: ${TRAP}\nb: ${LIST}\n${NAME}: "#${NAME}"', variables), {
      a: variables.TRAP,
      b: '[1, 2]',
      '${NAME}': '#example.org',
    });
  });

  it('are not looked for in what a variable holds, nor without braces', async () => {
    assert.deepEqual(await read('a: ${ONE}\nb: $NAME', { ONE: '${NAME}', NAME: 'x' }), { a: '${NAME}', b: '$NAME' });
  });

  it('stay as they are where nobody asks for them', async () => {
    assert.deepEqual(await read('a: ${NAME}'), { a: '${NAME}' });
  });

  it('are all named that are not set', async () => {
    await assert.rejects(read('a: ${ONE}\nb: ["x${TWO}", "${NAME}", "${constructor}"]', { NAME: 'x' }), {
      message: ['demo.yaml is not usable:', '${ONE} is not set', '${TWO} is not set', '${constructor} is not set'].join(
        '\n  ',
      ),
    });
  });
});

describe('loadConfigFile', () => {
  it('says which file it cannot read', async () => {
    await assert.rejects(loadConfigFile('/nonexistent/demo.yaml', schema), /ENOENT.*\/nonexistent\/demo\.yaml/);
  });
});

describe('parseFlagKeys', () => {
  it('reads flags by the schema of the keys, leaving out those that lack', () => {
    assert.deepEqual(parseFlagKeys(schema, { even: '6', trustDomain: undefined }), {
      even: 6,
    });
  });

  it('names the flag in a usage error', () => {
    assert.throws(
      () => parseFlagKeys(schema, { even: '7' }),
      (error) => isSpiffeError(error, 'ERR_USAGE') && error.message === '--even: "7" is not even; 4 is accepted',
    );
  });

  it('takes a flag for the key of its name, or for the one that is given', () => {
    const flags = { trustDomain: 'example.org', number: '7' };
    assert.deepEqual(parseFlagKeys(schema, { ...flags, number: '6' }, { number: 'even' }), {
      trust_domain: 'example.org',
      even: 6,
    });
    assert.throws(
      () => parseFlagKeys(schema, flags, { number: 'even' }),
      (error) => isSpiffeError(error, 'ERR_USAGE') && error.message.startsWith('--number: '),
    );
  });
});
