// The commands and flags that SPIRE's two programs name in their help are those of our table of them, which our own
// programs are held against (test/architecture/commands.test.ts).
import assert from 'node:assert/strict';
import { Child } from '../support/child.js';
import { flagsOfSpire, spireAgentCommands, spireServerCommands } from '../support/spire-commands.js';
import { program } from './programs.js';

/** Each command without subcommands, with its flags. */
async function commandsOf(path: string, words: readonly string[] = []): Promise<Record<string, readonly string[]>> {
  const { stdout, stderr } = await new Child(path, [...words, '-h']).finished;
  const [usage = '', list] = `${stdout}${stderr}`.split(/^(?:Subcommands|Available commands are):$/m);
  if (list === undefined) return { [words.join(' ')]: names(usage, /^ {2}-(\w+)/gm) };
  const below = await Promise.all(names(list, /^ {4}(\w+)/gm).map((word) => commandsOf(path, [...words, word])));
  return Object.assign({}, ...below) as Record<string, readonly string[]>;
}

const names = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, name]) => name ?? '').sort();

for (const [name, table] of [
  ['spire-server', spireServerCommands],
  ['spire-agent', spireAgentCommands],
] as const) {
  describe(`the help of ${name}`, () => {
    it('names the commands and flags that our table of them has', async function () {
      const found = await commandsOf(program(this, name));
      assert.ok(Object.keys(found).length > 8);
      const known = Object.keys(found).map((command) => [command, [...flagsOfSpire(table[command] ?? '')].sort()]);
      assert.deepEqual(Object.fromEntries(known), found);
    });
  });
}
