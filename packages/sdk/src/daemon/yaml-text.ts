// YAML that others wrote: no key twice, no aliases, no merging; and variables of the environment in its values, where the
// command line asks for them. They never change what the keys are.
import type { Document, Scalar } from 'yaml';

/** The variables that `${NAME}` in a value may name; undefined: it is text like any other. */
export type Variables = Readonly<Record<string, string | undefined>> | undefined;

export interface YamlText {
  readonly content: unknown;
  /** What is wrong with it, by line and column, without quoting it; when there is something, there is no content. */
  readonly problems: readonly string[];
}

/** Reads one document of YAML, which JSON is too. */
export async function parseYaml(text: string, variables?: Variables): Promise<YamlText> {
  const yaml = await import('yaml');
  const lineCounter = new yaml.LineCounter();
  const document = yaml.parseDocument(text, { uniqueKeys: true, prettyErrors: false, lineCounter, merge: false });
  const mistakes = [...document.errors, ...document.warnings].map(({ pos: [offset], code }) => {
    const { line, col } = lineCounter.linePos(offset);
    return `line ${line}, column ${col}: not YAML (${code})`;
  });
  if (mistakes.length > 0) return refused(...mistakes);
  const missing = variables === undefined ? [] : await expandVariables(document, variables);
  if (missing.length > 0) return refused(...missing.map((name) => `\${${name}} is not set`));
  try {
    return { content: document.toJS({ maxAliasCount: 0 }) as unknown, problems: [] };
  } catch {
    return refused('YAML aliases are not accepted');
  }
}

function refused(...problems: readonly string[]): YamlText {
  return { content: undefined, problems };
}

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

// Without quotes, what comes of it is read as YAML reads a value: `true` and `8081` are no text. Answers the names that
// the environment lacks.
async function expandVariables(document: Document, env: NonNullable<Variables>): Promise<readonly string[]> {
  const { parseDocument, visit } = await import('yaml');
  const missing = new Set<string>();
  const expand = (text: string): string =>
    text.replace(variable, (_match, name: string) => {
      const value = Object.hasOwn(env, name) ? env[name] : undefined;
      if (value === undefined) missing.add(name);
      return value ?? '';
    });
  // A value of several lines, or one that would be a list or a mapping, stays the text that it is.
  const read = (text: string): unknown => {
    const value: unknown = parseDocument(text).toJS({ maxAliasCount: 0 });
    return typeof value === 'boolean' || typeof value === 'number' ? value : text;
  };
  visit(document, {
    Scalar(key, node: Scalar) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const text = expand(node.value);
      node.value = node.type === 'PLAIN' ? read(text) : text;
    },
  });
  return [...missing];
}
