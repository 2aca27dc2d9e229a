// House style that a linter does not see.
import assert from 'node:assert/strict';
import { sourceFiles } from '../support/source-tree.js';

const files = sourceFiles();
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
const named = (path: string): boolean => files.some((file) => file.path === path);

describe('house style', () => {
  const rules: [title: string, broken: (file: (typeof files)[number]) => boolean][] = [
    ['no file is longer than 300 lines', (file) => file.text.split('\n').length > 301],
    [
      'no type is switched off',
      (file) =>
        /(: any\b|as any\b|<any>)/.test(withoutComments(file.text)) || /@ts-(ignore|expect-error)/.test(file.text),
    ],
    ['no lint rule is switched off', (file) => file.text.includes('eslint-disable')],
    ['no unfinished word', (file) => /\b(TODO|FIXME|XXX)\b/.test(file.text)],
    // `helper` is a command of the agent, named after spiffe-helper.
    [
      'no drawer for everything',
      ({ package: owner, path }) =>
        /(^|\/)(utils?|helpers?|common|misc|types)(\.ts|\/)/.test(path) &&
        !(owner === 'agent' && /^(cli\/helper\.ts$|helper\/)/.test(path)),
    ],
    ['files are kebab-case', (file) => !/^[a-z0-9/.-]+$/.test(file.path)],
    [
      'index.ts only re-exports',
      (file) => /(^|\/)index\.ts$/.test(file.path) && /^(const|function|class|let)\b/m.test(file.text),
    ],
  ];
  for (const [title, broken] of rules) {
    it(title, () => {
      assert.deepEqual(
        files.filter(broken).map((file) => `${file.package}/src/${file.path}`),
        [],
      );
    });
  }

  it('sees the files it judges', () => {
    assert.ok(named('spiffeid/spiffe-id.ts') && files.length > 20);
  });
});
