// Prose that is compared with what it describes: tables of errors and keys, links, and the tests that are named as proof.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { sdkErrors } from '@credence/sdk/runtime';
import { parse } from 'yaml';
import { agentError, agentErrors, type AgentErrorCode } from '../../packages/agent/dist/domain/errors.js';
import { agentFileSchema } from '../../packages/agent/dist/config/schema.js';
import { statusOf } from '../../packages/agent/dist/endpoints/status-of.js';
import { helperSchema } from '../../packages/agent/dist/helper/helper-config.js';
import { toStatus } from '../../packages/server/dist/api/interceptors/errors.js';
import { serverError, serverErrors, type ServerErrorCode } from '../../packages/server/dist/domain/errors.js';
import { serverFileSchema } from '../../packages/server/dist/config/schema.js';
import { readProse, relativeLinks, section, tableRows } from '../support/prose.js';
import { keysOf } from '../support/schema-keys.js';
import { repository } from '../support/source-tree.js';

const documents = [
  ...readdirSync(repository).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(repository, 'docs')).map((name) => `docs/${name}`),
  'examples/README.md',
  'packages/sdk/README.md',
];

describe('docs/errors.md', () => {
  const text = readProse('docs/errors.md');

  it('names the codes of the SDK, whether to retry, and their meanings', () => {
    const expected = Object.entries(sdkErrors).map(([code, row]) => [code, row.retryable ? 'yes' : 'no', row.meaning]);
    assert.deepEqual(plainRows(text, '## @credence/sdk'), expected);
  });

  it('names the codes of the server, the status each leaves as, and their meanings', () => {
    const expected = Object.entries(serverErrors).map(([code, { meaning }]) => [
      code,
      status[toStatus(serverError(code as ServerErrorCode, 'x')).code],
      meaning,
    ]);
    assert.deepEqual(plainRows(text, '## credence-server'), expected);
  });

  it('names the codes of the agent, the status each leaves as, and their meanings', () => {
    const expected = Object.entries(agentErrors).map(([code, { meaning }]) => [
      code,
      status[statusOf(agentError(code as AgentErrorCode, 'x')).code],
      meaning,
    ]);
    assert.deepEqual(plainRows(text, '## credence-agent'), expected);
  });
});

describe('docs/configuration.md', () => {
  const text = readProse('docs/configuration.md');
  const daemons = [
    { name: 'credence-server', schema: serverFileSchema, example: 'examples/config/server.full.yaml' },
    { name: 'credence-agent', schema: agentFileSchema, example: 'examples/config/agent.full.yaml' },
  ];
  for (const { name, schema, example } of daemons) {
    const rows = plainRows(text, `## ${name}`);

    it(`names every key of ${name}, and no other`, () => {
      assert.deepEqual(rows.map(([key]) => key).sort(), keysOf(schema).sort());
    });

    it(`names the defaults of ${name} that its example shows`, () => {
      const values = valuesIn(parse(readProse(example)));
      assert.ok(values.size > 5);
      for (const [key, value] of values) {
        const [, shown] = rows.find(([documented]) => documented === key) ?? [];
        if (shown !== 'required') assert.equal(shown, value, key);
      }
    });
  }
});

describe('docs/helper.md', () => {
  const rows = plainRows(readProse('docs/helper.md'), '## Keys');

  it('names every key of the helper, and no other', () => {
    assert.deepEqual(rows.map(([key]) => key).sort(), keysOf(helperSchema).sort());
  });

  it('names the defaults that its example shows, which has every key', () => {
    const example = readProse('examples/config/helper.full.yaml');
    for (const [key = '', shown] of rows) {
      const [, comment, value] = new RegExp(`^(# )?${key}: (.*)$`, 'm').exec(example) ?? assert.fail(key);
      if (comment === undefined && shown !== 'required') assert.equal(shown, value?.replaceAll("'", ''), key);
    }
  });
});

describe('docs/spire-compatibility.md', () => {
  const text = readProse('docs/spire-compatibility.md').replaceAll(/\s+/g, ' ');

  it('shows each difference by a test', () => {
    const differences = tableRows(readProse('docs/spire-compatibility.md')).filter(({ length }) => length === 3);
    assert.ok(differences.length > 80);
    assert.deepEqual(
      differences.filter((cells) => !cells[2]?.includes('[test](')),
      [],
    );
  });

  it('names for each difference a test that is there', () => {
    const proofs = [...text.matchAll(/\[test\]\(([^)]+)\): "([^"]+)"/g)];
    assert.equal(proofs.length, text.split('[test](').length - 1);
    for (const [, file, title] of proofs) assert.ok(readProse(join('docs', file!)).includes(title!), title);
  });
});

describe('docs/from-go-spiffe.md', () => {
  it('names only what the SDK has', () => {
    const declarations = readDeclarations(join(repository, 'packages/sdk/dist'));
    const names = tableRows(readProse('docs/from-go-spiffe.md')).flatMap(([, ours]) =>
      [...(ours ?? '').matchAll(/`([\w.]+)`/g)].flatMap(([, name]) => (name ?? '').split('.')),
    );
    assert.ok(names.length > 60);
    const unknown = names.filter((name) => !new RegExp(`\\b${name}\\b`).test(declarations));
    assert.deepEqual(unknown, []);
  });
});

describe('links', () => {
  for (const document of documents) {
    it(`of ${document} lead to something`, () => {
      const missing = relativeLinks(readProse(document)).filter(
        (target) => !existsSync(join(repository, dirname(document), target)),
      );
      assert.deepEqual(missing, []);
    });
  }
});

/** What the compiler says the SDK has, comments left out. */
function readDeclarations(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(({ name }) => name.endsWith('.d.ts'))
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8').replace(/\/\*[\s\S]*?\*\//g, ''))
    .join('\n');
}

/** Rows of the tables below a heading, without the marks of code. */
function plainRows(text: string, heading: string): string[][] {
  return tableRows(section(text, heading)).map((cells) => cells.map((cell) => cell.replaceAll('`', '')));
}

/** The values of a file by key, as they are written in it. */
function valuesIn(value: unknown, prefix = ''): ReadonlyMap<string, string> {
  // A key whose values are all commented out.
  if (value === null) return new Map();
  if (Array.isArray(value) || typeof value !== 'object') {
    return new Map([[prefix, typeof value === 'string' ? value : JSON.stringify(value)]]);
  }
  return new Map(
    Object.entries(value).flatMap(([key, field]) => [...valuesIn(field, prefix === '' ? key : `${prefix}.${key}`)]),
  );
}
