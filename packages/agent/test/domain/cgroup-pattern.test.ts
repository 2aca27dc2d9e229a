import assert from 'node:assert/strict';
import { CgroupPattern } from '../../dist/domain/cgroup-pattern.js';

describe('a pattern of control groups', () => {
  const found: readonly {
    readonly pattern: string;
    readonly path: string;
    readonly id: string;
    readonly to: string;
  }[] = [
    { pattern: '/docker/<id>', path: '/docker/abc', id: 'abc', to: '/docker/abc' },
    { pattern: '/<id>', path: '/abc', id: 'abc', to: '/abc' },
    { pattern: '/*/<id>', path: '/../abc', id: 'abc', to: '/../abc' },
    { pattern: '/my.slice/*/<id>/*', path: '/my.slice/x y/abc/z', id: 'abc', to: '/my.slice/x y/abc' },
    { pattern: '/<id>/*/*', path: '/abc/d/e', id: 'abc', to: '/abc' },
  ];
  for (const { pattern, path, id, to } of found) {
    it(`${pattern} finds ${id} in ${path}`, () => {
      assert.deepEqual(CgroupPattern.parse(pattern).find(path), { id, path: to });
    });
  }

  const others: readonly { readonly pattern: string; readonly paths: readonly string[] }[] = [
    {
      pattern: '/docker/<id>',
      paths: ['/', '/docker', '/docker/', '/dockerx/abc', '/docker/abc/', '/docker/abc/d', '/x/docker/abc', '//abc'],
    },
    { pattern: '/*/<id>', paths: ['/', '/abc', '//abc', '/x/', '/x/y/abc'] },
    { pattern: '/my.slice/<id>', paths: ['/my-slice/abc', '/myXslice/abc', '/MY.slice/abc'] },
  ];
  for (const { pattern, paths } of others) {
    for (const path of paths) {
      it(`${pattern} finds nothing in ${path}`, () => {
        assert.equal(CgroupPattern.parse(pattern).find(path), undefined);
      });
    }
  }

  const wrong: readonly { readonly text: string; readonly message: string }[] = [
    { text: '', message: '"" does not begin with a slash' },
    { text: 'docker/<id>', message: '"docker/<id>" does not begin with a slash' },
    { text: '/', message: '"/" has an empty name' },
    { text: '/docker//<id>', message: '"/docker//<id>" has an empty name' },
    { text: '/docker/<id>/', message: '"/docker/<id>/" has an empty name' },
    { text: '/docker', message: '"/docker" does not have <id> exactly once' },
    { text: '/docker/*', message: '"/docker/*" does not have <id> exactly once' },
    { text: '/<id>/<id>', message: '"/<id>/<id>" does not have <id> exactly once' },
    {
      text: '/docker-<id>.scope',
      message: '"/docker-<id>.scope" has "docker-<id>.scope"; * and <id> stand for whole names',
    },
    { text: '/docker*/<id>', message: '"/docker*/<id>" has "docker*"; * and <id> stand for whole names' },
    { text: '/**/<id>', message: '"/**/<id>" has "**"; * and <id> stand for whole names' },
  ];
  for (const { text, message } of wrong) {
    it(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(() => CgroupPattern.parse(text), { name: 'TypeError', message });
    });
  }

  const pairs: readonly { readonly one: string; readonly other: string; readonly overlap: boolean }[] = [
    { one: '/docker/<id>', other: '/docker/<id>', overlap: true },
    { one: '/docker/<id>', other: '/*/<id>', overlap: true },
    { one: '/a/<id>', other: '/<id>/b', overlap: true },
    { one: '/a/*/<id>', other: '/*/b/<id>', overlap: true },
    { one: '/a/<id>', other: '/b/<id>', overlap: false },
    { one: '/a/<id>/c', other: '/*/<id>/d', overlap: false },
    { one: '/a/<id>', other: '/a/<id>/*', overlap: false },
  ];
  for (const { one, other, overlap } of pairs) {
    it(`${one} and ${other} ${overlap ? 'may match the same path' : 'never match the same path'}`, () => {
      const [a, b] = [CgroupPattern.parse(one), CgroupPattern.parse(other)];
      assert.deepEqual([a.overlaps(b), b.overlaps(a)], [overlap, overlap]);
    });
  }
});
