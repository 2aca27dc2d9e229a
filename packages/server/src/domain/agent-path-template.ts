// What an agent's path below /spire/agent is made of: text with actions of Go's text/template, {{ … }}, of which this is
// the part that paths need: values, and functions of one result, one after the other in a pipe.
import { createHash } from 'node:crypto';
import { serverError } from './errors.js';

/** A value by its name without the dot, such as `Subject.CommonName`; undefined: there is none. */
export type TemplateValues = (name: string) => string | undefined;

type Part = (values: TemplateValues) => string;

/** Takes as many texts; the last is the one that a pipe gives it. */
type TextFunction = (...texts: [string, string, string]) => string;

const functions: Readonly<Record<string, readonly [arity: number, apply: TextFunction]>> = {
  // Of ASCII alone: no other letter, such as the sign for kelvin, becomes one that a path may have.
  lower: [1, (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())],
  upper: [1, (text) => text.replace(/[a-z]/g, (letter) => letter.toUpperCase())],
  trimPrefix: [2, (prefix, text) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)],
  trimSuffix: [2, (suffix, text) => (text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text)],
  replace: [3, (old, by, text) => text.replaceAll(old, () => by)],
  sha256sum: [1, (text) => createHash('sha256').update(text).digest('hex')],
};

const token = /\s*(?:(?<field>\.[\w.]+)|(?<name>[A-Za-z]\w*)|(?<text>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?<pipe>\|))/y;

/** A template that names only what there is. */
export class AgentPathTemplate {
  readonly text: string;
  readonly #parts: readonly Part[];

  private constructor(text: string, parts: readonly Part[]) {
    this.text = text;
    this.#parts = parts;
  }

  /**
   * @param names the values that may be named; one that ends with a dot stands for all below it
   * @throws `ERR_INVALID_ARGUMENT`
   */
  static parse(text: string, names: readonly string[]): AgentPathTemplate {
    if (!text.startsWith('/')) throw invalid('the first character is not a slash');
    const pieces = text.split(/\{\{(.*?)\}\}/s);
    return new AgentPathTemplate(
      text,
      pieces.map((piece, index) => (index % 2 === 0 ? literalOf(piece) : new Action(piece, names).compile())),
    );
  }

  /** @throws `ERR_NODE_PROOF`: a value is not there, or an action makes no text */
  render(values: TemplateValues): string {
    return this.#parts.map((part) => part(values)).join('');
  }
}

function literalOf(text: string): Part {
  if (/[{}]/.test(text)) throw invalid(`"${text}" has a brace outside of an action`);
  return () => text;
}

/** One action: commands with pipes between them. */
class Action {
  readonly #text: string;
  readonly #names: readonly string[];

  constructor(text: string, names: readonly string[]) {
    this.#text = text.trim();
    this.#names = names;
  }

  compile(): Part {
    const commands = this.#commands();
    const whole = commands.reduce<Part | undefined>((piped, words) => this.#command(words, piped), undefined);
    return (values) => {
      const result = whole?.(values) ?? '';
      if (result === '') throw serverError('ERR_NODE_PROOF', `agent path: {{ ${this.#text} }} is empty`);
      return result;
    };
  }

  #commands(): readonly (readonly RegExpExecArray[])[] {
    const commands: RegExpExecArray[][] = [[]];
    token.lastIndex = 0;
    while (token.lastIndex < this.#text.length) {
      const start = token.lastIndex;
      const word = token.exec(this.#text);
      if (word === null) throw this.#invalid(`"${this.#text.slice(start).trim()}" is not understood`);
      if (word.groups?.['pipe'] !== undefined) commands.push([]);
      else commands.at(-1)?.push(word);
    }
    return commands;
  }

  #command([first, ...rest]: readonly RegExpExecArray[], piped: Part | undefined): Part {
    if (first === undefined) throw this.#invalid('a command is missing');
    const name = first.groups?.['name'];
    if (name === undefined) {
      if (rest.length > 0 || piped !== undefined) throw this.#invalid(`"${first[0].trim()}" is no function`);
      return this.#operand(first);
    }
    const known = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (known === undefined)
      throw this.#invalid(`there is no "${name}"; ${Object.keys(functions).join(', ')} are accepted`);
    const [arity, apply] = known;
    const operands = [...rest.map((word) => this.#operand(word)), ...(piped === undefined ? [] : [piped])];
    if (operands.length !== arity) throw this.#invalid(`${name} takes ${arity} texts, not ${operands.length}`);
    return (values) => {
      const [one = '', two = '', three = ''] = operands.map((operand) => operand(values));
      return apply(one, two, three);
    };
  }

  #operand({ groups = {} }: RegExpExecArray): Part {
    const { field, text } = groups;
    if (text !== undefined) return constant(text, (problem) => this.#invalid(problem));
    if (field === undefined)
      throw this.#invalid(`"${groups['name'] ?? ''}" needs a function in front of it to be a value`);
    const name = field.slice(1);
    const isKnown = this.#names.some((known) =>
      known.endsWith('.') ? name.startsWith(known) && name !== known : name === known,
    );
    if (!isKnown) throw this.#invalid(`there is no .${name}; .${this.#names.join(', .')} are accepted`);
    return (values) => {
      const value = values(name);
      if (value === undefined) throw serverError('ERR_NODE_PROOF', `agent path: the node has no .${name}`);
      return value;
    };
  }

  #invalid(problem: string): Error {
    return invalid(`{{ ${this.#text} }}: ${problem}`);
  }
}

function constant(quoted: string, invalidText: (problem: string) => Error): Part {
  const text = quoted.startsWith('`') ? quoted.slice(1, -1) : parseQuoted(quoted);
  if (text === undefined) throw invalidText(`${quoted} is not a text`);
  return () => text;
}

function parseQuoted(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

function invalid(problem: string): Error {
  return serverError('ERR_INVALID_ARGUMENT', `not an agent path template: ${problem}`);
}
