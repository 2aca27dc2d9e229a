// The completion scripts of the three shells: after words of a command its next words, after a command its flags, after
// a flag of few values those, and after one that names a file the files.
import { kebabCase, spellingOf, type Flag, type Flags } from './flags.js';

/** What a script knows of a command. */
export interface CompletedCommand {
  readonly path: string;
  readonly summary: string;
  readonly flags: Flags;
}

/** The script for a program of this name. */
export type ShellScript = (name: string, commands: readonly CompletedCommand[]) => string;

interface Candidate {
  readonly word: string;
  readonly help: string;
}

/** For bash 4 and later. */
export const bashScript: ShellScript = (name, commands) => {
  const identifier = identifierOf(name);
  const words = (candidates: readonly Candidate[]): string => candidates.map(({ word }) => word).join(' ');
  return `# Completion of ${name} for bash: source <(${name} completion bash)
${identifier}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" flag="\${COMP_WORDS[COMP_CWORD - 1]}" at= candidates= i
  if [[ $current == = ]]; then
    current=
  elif [[ $flag == = ]]; then
    flag="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} == -* ]] && break
    at+="\${at:+ }\${COMP_WORDS[i]}"
  done
  [[ $flag == -* ]] || flag=
  flag="\${flag#-}"
  case "$at --\${flag#-}" in
${values(commands)
  .map(({ patterns, choices }) =>
    choices === undefined
      ? `    ${patterns.map(quoted).join(' | ')}) compopt -o default; return ;;`
      : `    ${patterns.map(quoted).join(' | ')}) candidates=${quoted(choices.join(' '))} ;;`,
  )
  .join('\n')}
    *) case "$at" in
${places(commands)
  .map(({ at, candidates, files }) => {
    const orFiles = files ? ' compopt -o default;' : '';
    return `      ${quoted(at)})${orFiles} candidates=${quoted(words(candidates))} ;;`;
  })
  .join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$candidates" -- "$current"))
}
complete -F ${identifier} ${name}
`;
};

/** For zsh, sourced or as a file \`_name\` of its \`fpath\`. */
export const zshScript: ShellScript = (name, commands) => {
  const identifier = identifierOf(name);
  const described = ({ word, help }: Candidate): string => quoted(`${word.replaceAll(':', '\\:')}:${help}`);
  return `#compdef ${name}
# Completion of ${name} for zsh: source <(${name} completion zsh)
${identifier}() {
  local at= word flag="\${words[CURRENT - 1]}"
  local -a candidates
  for word in "\${(@)words[2, CURRENT - 1]}"; do
    [[ $word == -* ]] && break
    at+="\${at:+ }$word"
  done
  [[ $flag == -* ]] || flag=
  flag="\${flag#-}"
  case "$at --\${flag#-}" in
${values(commands)
  .map(({ patterns, choices }) => {
    const action = choices === undefined ? '_files' : `compadd -- ${choices.map(quoted).join(' ')}`;
    return `    (${patterns.map(quoted).join(' | ')}) ${action}; return ;;`;
  })
  .join('\n')}
  esac
  case "$at" in
${places(commands)
  .map(({ at, candidates, files }) => {
    const orFiles = files ? ' _files;' : '';
    return `    (${quoted(at)})${orFiles} candidates=(${candidates.map(described).join(' ')}) ;;`;
  })
  .join('\n')}
  esac
  _describe '${name}' candidates
}
if [[ $funcstack[1] == ${identifier} ]]; then
  ${identifier} "$@"
else
  compdef ${identifier} ${name}
fi
`;
};

/** For fish 3 and later. */
export const fishScript: ShellScript = (name, commands) => {
  const identifier = identifierOf(name);
  const when = (at: string): string => `complete -c ${name} -n ${fishQuoted(`${identifier} ${fishQuoted(at)}`)}`;
  const flagLine = (at: string, key: string, flag: Flag): string => {
    const spelling = spellingOf(key, flag);
    const old = spelling === kebabCase(key) ? '' : ` -o ${spelling}`;
    return `${when(at)} -l ${kebabCase(key)}${old}${fishValue(flag)} -d ${fishQuoted(flag.help)}`;
  };
  return `# Completion of ${name} for fish: ${name} completion fish | source
function ${identifier}
  set -l at
  for word in (commandline -opc)[2..]
    string match -q -- '-*' $word; and break
    set -a at $word
  end
  test "$at" = "$argv"
end
complete -c ${name} -f
${places(commands)
  .flatMap(({ at, candidates, files }) => [
    ...candidates
      .filter(({ word }) => !word.startsWith('-'))
      .map(({ word, help }) => `${when(at)} -a ${word} -d ${fishQuoted(help)}`),
    ...(files ? [`${when(at)} -F`] : []),
  ])
  .join('\n')}
${commands
  .flatMap(({ path, flags }) => Object.entries(flags).map(([key, flag]) => flagLine(path, key, flag)))
  .join('\n')}
`;
};

function identifierOf(name: string): string {
  return `_${name.replace(/\W/g, '_')}`;
}

interface Place {
  /** The words before it. */
  readonly at: string;
  readonly candidates: readonly Candidate[];
  /** Whether a file may stand there without a flag. */
  readonly files: boolean;
}

/** What may follow: for each beginning of a command the next words, and its flags when it is a command itself. */
function places(commands: readonly CompletedCommand[]): readonly Place[] {
  const found = new Map<string, Map<string, string>>();
  const at = (place: string): Map<string, string> => {
    const known = found.get(place) ?? new Map<string, string>();
    found.set(place, known);
    return known;
  };
  for (const { path, summary, flags } of commands) {
    const words = path.split(' ');
    for (const [index, word] of words.entries()) {
      const last = index === words.length - 1;
      const known = at(words.slice(0, index).join(' '));
      if (last || !known.has(word)) known.set(word, last ? summary : `Commands of ${word}`);
    }
    for (const [key, { help }] of Object.entries(flags)) at(path).set(`--${kebabCase(key)}`, help);
  }
  const withFiles = new Set(
    commands.filter(({ flags }) => Object.values(flags).some(({ operand }) => operand)).map(({ path }) => path),
  );
  return [...found].map(([place, known]) => ({
    at: place,
    candidates: [...known].map(([word, help]) => ({ word, help })),
    files: withFiles.has(place),
  }));
}

interface ValuePlace {
  /** Command and flag, in both spellings of it: `entry create --output`. */
  readonly patterns: readonly string[];
  /** Undefined: files. */
  readonly choices: readonly string[] | undefined;
}

/** The flags that are followed by a value; what is not known of it is left to the files. */
function values(commands: readonly CompletedCommand[]): readonly ValuePlace[] {
  return commands.flatMap(({ path, flags }) =>
    Object.entries(flags)
      .filter(([, { kind }]) => kind !== 'boolean')
      .map(([key, flag]) => ({
        patterns: [...new Set([kebabCase(key), spellingOf(key, flag)])].map((written) => `${path} --${written}`),
        choices: choicesOf(flag),
      })),
  );
}

const files = /path|file|directory/;

function choicesOf(flag: Flag): readonly string[] | undefined {
  if (flag.kind === 'choice') return Object.keys(flag.choices);
  return 'metavar' in flag && files.test(flag.metavar ?? '') ? undefined : [];
}

function fishValue(flag: Flag): string {
  if (flag.kind === 'boolean') return '';
  const choices = choicesOf(flag);
  if (choices === undefined) return ' -r -F';
  return choices.length === 0 ? ' -x' : ` -x -a ${fishQuoted(choices.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, (character) => `\\${character}`)}'`;
}
