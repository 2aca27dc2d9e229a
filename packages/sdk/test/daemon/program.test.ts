import assert from 'node:assert/strict';
import { defineCommand, exitCodes, runProgram, usageError, type Program, type Terminal } from '@credence/sdk/daemon';

const greet = defineCommand(
  {
    name: { kind: 'text', default: 'you', help: 'whom to greet' },
    times: { kind: 'integer', default: 1, help: 'how often' },
    tone: { kind: 'choice', choices: { kind: 'kind', curt: 'curt' }, help: 'how' },
    title: { kind: 'list', help: 'before the name' },
    loud: { kind: 'boolean', help: 'shout' },
  },
  (values, terminal) => {
    terminal.out(`${JSON.stringify(values)}\n`);
    return Promise.resolve(exitCodes.done);
  },
);
const fail = defineCommand({ how: { kind: 'text', help: '' } }, ({ how }) =>
  Promise.reject(how === 'usage' ? usageError('wrong') : new Error('broken')),
);
const say = defineCommand({ text: { kind: 'text', default: '', help: '' } }, ({ text }, terminal) => {
  terminal.out(`${text}\nnext\n`);
  return Promise.resolve(exitCodes.done);
});

let loads: string[] = [];
const program: Program = {
  name: 'demo',
  version: '1.2.3',
  summary: 'Demonstrates.',
  commands: [
    {
      path: 'greet',
      summary: 'Greets',
      example: 'demo greet --name me',
      load: () => (loads.push('greet'), Promise.resolve(greet)),
    },
    { path: 'say', summary: 'Says', load: () => Promise.resolve(say) },
    { path: 'group fail', summary: 'Fails', load: () => (loads.push('fail'), Promise.resolve(fail)) },
  ],
};

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  loads = [];
  const terminal: Terminal = {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    readInput: () => Promise.resolve(''),
    env: {},
    uid: 1000,
  };
  return { code: await runProgram(program, args, terminal), out, err };
}

describe('runProgram', () => {
  it('gives a choice that is not made the meaning of its default', async () => {
    const choice = { kind: 'choice', choices: { low: 'LOW', high: 'HIGH' }, default: 'low', help: '' } as const;
    const meanings: string[] = [];
    const command = defineCommand({ choice }, (values) => {
      meanings.push(values.choice);
      return Promise.resolve(exitCodes.done);
    });
    const commands = [{ path: 'set', summary: '', load: () => Promise.resolve(command) }];
    const terminal: Terminal = {
      out: () => undefined,
      err: () => undefined,
      readInput: () => Promise.resolve(''),
      env: {},
      uid: 1000,
    };
    for (const args of [['set'], ['set', '--choice', 'high']]) {
      await runProgram({ name: 'demo', version: '1', summary: '', commands }, args, terminal);
    }
    assert.deepEqual(meanings, ['LOW', 'HIGH']);
  });

  it('gives a command its flags, typed, and defaults for those that lack', async () => {
    const { code, out } = await run(
      'greet',
      '-name=me',
      '--times',
      '2',
      '-title',
      'Dr',
      '-title',
      'Sir',
      '--tone=curt',
    );
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(out), { name: 'me', times: 2, tone: 'curt', title: ['Dr', 'Sir'] });
    assert.deepEqual(JSON.parse((await run('greet')).out), { name: 'you', times: 1, title: [] });
  });

  it('tells a boolean that is false from one that lacks', async () => {
    assert.deepEqual(JSON.parse((await run('greet', '-loud=false')).out), {
      name: 'you',
      times: 1,
      title: [],
      loud: false,
    });
  });

  it('loads no command but the one that runs', async () => {
    await run('greet');
    assert.deepEqual(loads, ['greet']);
    await run('--help');
    assert.deepEqual(loads, []);
  });

  it('exits 1 with the message when a command fails', async () => {
    assert.deepEqual(await run('group', 'fail'), { code: 1, out: '', err: 'Error: broken\n' });
  });

  it('exits 2 with the message and where to read on when a command is used wrongly', async () => {
    const { code, err } = await run('group', 'fail', '-how', 'usage');
    assert.equal(code, 2);
    assert.equal(err, 'Error: wrong\nRun "demo group fail --help" for usage.\n');
  });

  const misuses = [
    { args: ['gret'], says: 'unknown command "gret"; did you mean "greet"?' },
    { args: ['group', 'fale'], says: 'unknown command "group fale"; did you mean "group fail"?' },
    { args: ['greet', 'you'], says: 'unexpected argument "you"' },
    { args: ['greet', '--times', 'two'], says: 'flag --times is "two"; a whole number is accepted' },
    { args: ['greet', '--times='], says: 'flag --times is ""; a whole number is accepted' },
    { args: ['greet', '--tone', 'loud'], says: 'flag --tone is "loud"; kind, curt are accepted' },
    { args: ['greet', '--tone', 'constructor'], says: 'flag --tone is "constructor"; kind, curt are accepted' },
    { args: ['--verbose'], says: 'unknown flag --verbose' },
  ];
  for (const { args, says } of misuses) {
    it(`exits 2 for ${args.join(' ')}`, async () => {
      const { code, out, err } = await run(...args);
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.equal(err.split('\n')[0], `Error: ${says}`);
    });
  }

  it('prints help on request to standard output and exits 0', async () => {
    for (const args of [['--help'], ['-h'], ['group', '-help'], ['greet', '--help']]) {
      const { code, out, err } = await run(...args);
      assert.equal(code, 0, args.join(' '));
      assert.match(out, /^Usage: demo/);
      assert.equal(err, '');
    }
  });

  it('shows an example in the help of a command that has one', async () => {
    assert.match((await run('greet', '--help')).out, /\nExample:\n {2}demo greet --name me\n$/);
    assert.doesNotMatch((await run('group', 'fail', '--help')).out, /Example/);
  });

  it('prints control characters as escapes, whichever command prints them, and whoever gave them', async () => {
    assert.equal((await run('say', '--text', 'a\u001b[2J\r\u202eb')).out, 'a\\u001b[2J\\u000d\\u202eb\nnext\n');
    assert.match((await run('say', '--\u001b[2J')).err, /^Error: unknown flag --\\u001b\[2J\n/);
    assert.match((await run('\u001b[2J')).err, /^Error: unknown command "\\u001b\[2J"\n/);
  });

  it('prints help to standard error and exits 2 when the command is missing', async () => {
    for (const args of [[], ['group']]) {
      const { code, out, err } = await run(...args);
      assert.equal(code, 2);
      assert.equal(out, '');
      assert.match(err, /^Usage: demo[\s\S]*fail/);
    }
  });

  it('prints its version, as its help says', async () => {
    assert.deepEqual(await run('--version'), { code: 0, out: '1.2.3\n', err: '' });
    assert.match((await run('--help')).out, /^ {2}-v, --version +display the version$/m);
    assert.doesNotMatch((await run('group', '--help')).out, /--version/);
  });
});
