// The commands and flags of SPIRE's two programs against the tables of ours; and that what our help shows as an example is a command
// line that the command takes.
import assert from 'node:assert/strict';
import { kebabCase, normaliseArguments, type Flags, type Program } from '@credence/sdk/daemon';
import { program as agent } from '../../packages/agent/dist/cli/program.js';
import { program as server } from '../../packages/server/dist/cli/program.js';
import { readProse } from '../support/prose.js';
import { flagsOfSpire, spireAgentCommands, spireServerCommands } from '../support/spire-commands.js';

/** Flags that docs/spire-compatibility.md names as left out. */
const without = ['logFormat', 'logSourceLocation'];

async function flagsOf(program: Program, path: string): Promise<Flags> {
  const entry = program.commands.find((command) => command.path === path);
  assert.ok(entry !== undefined, `no command "${path}"`);
  return (await entry.load()).flags;
}

for (const [program, commands] of [
  [server, spireServerCommands],
  [agent, spireAgentCommands],
] as const) {
  describe(`the commands of ${program.name}`, () => {
    for (const [path, flags] of Object.entries(commands)) {
      it(`have ${path} with every flag of SPIRE's, in its spelling`, async () => {
        const ours = Object.entries(await flagsOf(program, path));
        const spellings = ours.flatMap(([key, { spire: spelling }]) => [kebabCase(key), spelling ?? key]);
        const missing = flagsOfSpire(flags).filter((flag) => !spellings.includes(flag) && !without.includes(flag));
        assert.deepEqual(missing, []);
      });
    }
  });
}

describe('the commands', () => {
  it('lack only what docs/spire-compatibility.md names', () => {
    const text = readProse('docs/spire-compatibility.md');
    for (const name of [...without.map((flag) => `-${flag}`), 'wit mint'])
      assert.ok(text.includes(`\`${name}\``), name);
  });
});

for (const program of [server, agent]) {
  describe(`the help of ${program.name}`, () => {
    for (const { path, example } of program.commands) {
      it(`shows an example of ${path} that the command takes`, async () => {
        const words =
          (example ?? '')
            .split(/ \||[<()]/)
            .find((part) => part.includes(path))
            ?.trim()
            .split(' ') ?? [];
        assert.deepEqual(words.splice(0, 1 + path.split(' ').length), [program.name, ...path.split(' ')]);
        assert.ok(Array.isArray(normaliseArguments(words, await flagsOf(program, path))));
      });
    }
  });
}
