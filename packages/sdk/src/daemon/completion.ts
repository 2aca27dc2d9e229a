// `completion bash|zsh|fish`: prints a script for the shell, made from the tables of commands and flags. The script holds
// all that it offers, so that the Tab key starts no program.
import type { CompletedCommand, ShellScript } from './completion-scripts.js';
import { exitCodes } from './exit.js';
import { defineCommand, type CommandEntry, type CommandModule, type Program } from './program.js';

const shells = ['bash', 'zsh', 'fish'] as const;

/** The program with the commands `completion bash`, `completion zsh` and `completion fish`. */
export function withCompletion(program: Program): Program {
  const entries: readonly CommandEntry[] = shells.map((shell) => ({
    path: `completion ${shell}`,
    summary: `Prints the completion of these commands for ${shell}`,
    example: examples[shell](program.name),
    load: () => Promise.resolve(printScript(shell, () => completed)),
  }));
  const completed: Program = { ...program, commands: [...program.commands, ...entries] };
  return completed;
}

type Shell = (typeof shells)[number];

const examples: Readonly<Record<Shell, (name: string) => string>> = {
  bash: (name) => `source <(${name} completion bash)`,
  zsh: (name) => `source <(${name} completion zsh)`,
  fish: (name) => `${name} completion fish | source`,
};

function printScript(shell: Shell, program: () => Program): CommandModule {
  return defineCommand({}, async (_values, terminal) => {
    const { bashScript, fishScript, zshScript } = await import('./completion-scripts.js');
    const scripts: Readonly<Record<Shell, ShellScript>> = { bash: bashScript, fish: fishScript, zsh: zshScript };
    terminal.out(scripts[shell](program().name, await loadCommands(program())));
    return exitCodes.done;
  });
}

async function loadCommands({ commands }: Program): Promise<readonly CompletedCommand[]> {
  return Promise.all(
    commands.map(async (entry) => ({ path: entry.path, summary: entry.summary, flags: (await entry.load()).flags })),
  );
}
