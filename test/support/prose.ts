// The repository's Markdown as the tests read it: sections, code blocks, tables and links.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './source-tree.js';

export function readProse(path: string): string {
  return readFileSync(join(repository, path), 'utf8');
}

/** The text between a heading and the next of the same depth; all of it is there or it is an error. */
export function section(markdown: string, heading: string): string {
  const [, text] = markdown.split(`\n${heading}\n`);
  if (text === undefined) throw new Error(`no heading "${heading}"`);
  const mark = heading.split(' ')[0] ?? '';
  return text.split(`\n${mark} `)[0] ?? '';
}

/** The fenced blocks of one language. */
export function codeBlocks(markdown: string, language: string): readonly string[] {
  return [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, written]) => written === language)
    .map(([, , code]) => code ?? '');
}

/** The rows of all tables below their headings, each a list of cells. */
export function tableRows(markdown: string): readonly (readonly string[])[] {
  const lines = markdown.split('\n');
  const isRule = (line: string | undefined): boolean => /^\| *-+ *\|/.test(line ?? '');
  return lines
    .filter((line, index) => line.startsWith('| ') && !isRule(line) && !isRule(lines[index + 1]))
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim().replaceAll('\\|', '|')));
}

/** Targets of links into the repository, without their anchors. */
export function relativeLinks(markdown: string): readonly string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => (target ?? '').replace(/#.*/, ''))
    .filter((target) => target !== '' && !/^[a-z]+:/.test(target));
}
