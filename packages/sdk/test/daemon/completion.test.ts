import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { defineCommand, exitCodes, runProgram, withCompletion, type CommandModule } from '@credence/sdk/daemon';

const done = (flags: CommandModule['flags']): CommandModule =>
  defineCommand(flags, () => Promise.resolve(exitCodes.done));

const create = done({
  spiffeId: { kind: 'text', spire: 'spiffeID', help: "whose: it's an ID" },
  data: { kind: 'text', metavar: 'path', help: 'file' },
  output: { kind: 'choice', choices: { pretty: 'pretty', json: 'json' }, help: 'form' },
  node: { kind: 'boolean', help: 'a node' },
  dns: { kind: 'list', help: 'names' },
});
const backup = done({ file: { kind: 'text', operand: true, metavar: 'path', help: 'the copy' } });
const program = withCompletion({
  name: 'demo-server',
  version: '1',
  summary: '',
  commands: [
    { path: 'entry create', summary: "Creates the user's", load: () => Promise.resolve(create) },
    { path: 'entry show', summary: 'Shows: all', load: () => Promise.resolve(done({})) },
    { path: 'backup', summary: 'Copies', load: () => Promise.resolve(backup) },
  ],
});

async function script(shell: string): Promise<string> {
  let out = '';
  const terminal = {
    out: (text: string) => void (out += text),
    err: (text: string) => assert.fail(text),
    readInput: () => Promise.resolve(''),
    env: {},
    uid: 1,
  };
  assert.equal(await runProgram(program, ['completion', shell], terminal), 0);
  return out;
}

const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'exit 0']).status === 0;

/** What bash offers after these words; the last is being typed. */
async function bashOffers(...words: readonly string[]): Promise<string[]> {
  const typed = words.map((word) => `'${word}'`).join(' ');
  const drive = `COMP_WORDS=(demo-server ${typed}); COMP_CWORD=${words.length}
compopt() { echo files; }
_demo_server; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)('bash', ['-u', '-c', `${await script('bash')}\n${drive}`]);
  return stdout.split('\n').filter((line) => line !== '');
}

describe('completion', () => {
  const flags = ['--spiffe-id', '--data', '--output', '--node', '--dns'];
  const cases = [
    { words: [''], offers: ['entry', 'backup', 'completion'] },
    { words: ['e'], offers: ['entry'] },
    { words: ['entry', ''], offers: ['create', 'show'] },
    { words: ['entry', 'create', ''], offers: flags },
    { words: ['entry', 'create', '--d'], offers: ['--data', '--dns'] },
    { words: ['entry', 'create', '--output', ''], offers: ['pretty', 'json'] },
    { words: ['entry', 'create', '-output', 'j'], offers: ['json'] },
    { words: ['entry', 'create', '--output', '=', 'p'], offers: ['pretty'] },
    { words: ['entry', 'create', '--output', '='], offers: ['pretty', 'json'] },
    { words: ['entry', 'create', '--node', ''], offers: flags },
    { words: ['entry', 'create', '-spiffeID', ''], offers: [] },
    { words: ['entry', 'create', '--data', ''], offers: ['files'] },
    { words: ['backup', ''], offers: ['files', '--file'] },
    { words: ['completion', 'z'], offers: ['zsh'] },
    { words: ['unknown', ''], offers: [] },
  ];
  for (const { words, offers } of isThere('bash') ? cases : []) {
    it(`in bash offers ${offers.join(' ') || 'nothing'} after "${words.join(' ')}"`, async () => {
      assert.deepEqual(await bashOffers(...words), offers);
    });
  }

  it('in zsh and fish has every command, choice and flag, and quotes what they say', async () => {
    const zsh = await script('zsh');
    for (const part of [
      "('entry') candidates=('create:Creates the user'\\''s' 'show:Shows: all') ;;",
      "('entry create --output') compadd -- 'pretty' 'json'; return ;;",
      "('entry create --spiffe-id' | 'entry create --spiffeID') compadd -- ; return ;;",
      "('entry create --data') _files; return ;;",
    ]) {
      assert.ok(zsh.includes(part), `${part}\n${zsh}`);
    }
    const fish = await script('fish');
    for (const part of [
      `complete -c demo-server -n '_demo_server \\'entry\\'' -a create -d 'Creates the user\\'s'`,
      `-n '_demo_server \\'entry create\\'' -l spiffe-id -o spiffeID -x -d 'whose: it\\'s an ID'`,
      `-l output -x -a 'pretty json' -d 'form'`,
      `-l data -r -F -d 'file'`,
      `-l node -d 'a node'`,
    ]) {
      assert.ok(fish.includes(part), `${part}\n${fish}`);
    }
  });

  for (const shell of ['bash', 'zsh', 'fish'].filter(isThere)) {
    it(`is a script that ${shell} reads without complaint`, async () => {
      const { status, stderr } = spawnSync(shell, ['-n'], { input: await script(shell), encoding: 'utf8' });
      assert.deepEqual([status, stderr], [0, '']);
    });
  }
});
