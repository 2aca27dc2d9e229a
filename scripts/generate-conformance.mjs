// Writes docs/conformance.md: every requirement of the SPIFFE standards (test/conformance/rows.json) with the tests whose
// titles name it, or one of its attack vectors. Reads the compiled tests; with --check it compares instead of writing.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import Mocha from 'mocha';

const root = fileURLToPath(new URL('..', import.meta.url));
const document = join(root, 'docs/conformance.md');
const shownTitles = 3;
const tableNames = {
  SID: 'SPIFFE IDs',
  XV: 'X.509-SVIDs',
  JV: 'JWT-SVIDs',
  BV: 'bundles',
  FV: 'bundle endpoints',
  EV: 'Workload Endpoint and Workload API',
};

const { standards, vectors } = JSON.parse(readFileSync(join(root, 'test/conformance/rows.json'), 'utf8'));
const vectorIds = Object.entries(vectors).flatMap(([table, count]) =>
  Array.from({ length: count }, (_, index) => `${table}-${String(index + 1).padStart(2, '0')}`),
);
const rows = standards.flatMap((standard) => standard.rows);
const known = new Set([...vectorIds, ...rows.map(({ id }) => id)]);
const looksLikeAnId = new RegExp(
  `^((ID|X509|JWT|TDB|FED|WEP|WAPI)-[0-9A-Z][0-9.]*-[a-z]|(${Object.keys(vectors).join('|')})-[0-9]+)$`,
);

const tests = await collectTests();
const testsById = new Map([...known].map((id) => [id, tests.filter((test) => test.ids.has(id))]));
const unknown = tests.flatMap(({ ids, title }) =>
  [...ids].filter((id) => !known.has(id)).map((id) => `${id}: ${title}`),
);
if (unknown.length > 0) fail(`These tests name what no standard has:\n  ${unknown.join('\n  ')}`);

const text = page();
if (!process.argv.includes('--check')) writeFileSync(document, text);
else if (!existsSync(document) || readFileSync(document, 'utf8') !== text) {
  fail('docs/conformance.md is stale: build, then run "npm run generate:conformance"');
}
// Tests that were only loaded may hold something open.
process.exit();

async function collectTests() {
  const mocha = new Mocha();
  for (const file of testFiles()) mocha.addFile(file);
  await mocha.loadFilesAsync();
  const found = [];
  mocha.suite.eachTest((test) => {
    const title = test.fullTitle().replaceAll(/\s+/g, ' ');
    const words = title.split(/[^A-Za-z0-9.-]+/).map((word) => word.replace(/\.+$/, ''));
    found.push({ title, file: sourceOf(test.file), ids: new Set(words.filter((word) => looksLikeAnId.test(word))) });
  });
  return found.sort((a, b) => compare(a.file, b.file));
}

/** Compiled tests whose source is still there. */
function testFiles() {
  return ['packages/sdk', 'packages/server', 'packages/agent', '.']
    .flatMap((folder) => filesBelow(join(root, folder, 'dist-test')))
    .filter((path) => path.endsWith('.test.js') && existsSync(join(root, sourceOf(path))))
    .sort();
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
}

function sourceOf(compiled) {
  return relative(root, compiled)
    .replace(/(^|\/)dist-test\//, '$1test/')
    .replace(/\.js$/, '.ts');
}

/** A row is proven by tests that name it, or by tests of all of its vectors. */
function isProven({ id, vectors: named }) {
  if (testsById.get(id).length > 0) return true;
  return named !== undefined && named.split(' ').every((vector) => testsById.get(vector)?.length > 0);
}

function page() {
  const open = rows.filter((row) => !isProven(row) && row.choice === undefined);
  const openVectors = vectorIds.filter((id) => testsById.get(id).length === 0);
  return [
    '# Conformance',
    'Every requirement of the stable SPIFFE standards in our words, with the tests that prove it: those whose titles name the' +
      '\nrow, and those of the attack vectors listed with it (further down, by name). Written from the titles by' +
      '\n`npm run generate:conformance`. What is incubating (WIT-SVIDs, with §7 of the Workload API, and the Broker) is not' +
      '\nimplemented.',
    'Who is bound: ISS the issuer, PUB a publisher of bundles, WAS the Workload API server, CLI its client, VAL a validator,' +
      '\nCON a consumer of bundles, SND a sender of tokens, ANY everyone.',
    standards.map((standard) => `- ${countOf(standard)}`).join('\n'),
    ...standards.flatMap(({ standard, rows }) => [`## ${standard}`, rows.map(rowLines).join('\n')]),
    '## Attack vectors',
    ...Object.keys(vectors).flatMap((table) => [`### ${table}: ${tableNames[table]}`, vectorLines(table)]),
    '## Open',
    listOf(open, ({ id, level, binds, rule }) => `- **${id}** (${level}, ${binds}) ${rule}`),
    open.length + openVectors.length === 0 ? 'Nothing.' : '',
    openVectors.length === 0 ? '' : `Vectors: ${openVectors.join(', ')}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function countOf({ standard, rows }) {
  const proven = rows.filter(isProven).length;
  const chosen = rows.filter((row) => !isProven(row) && row.choice !== undefined).length;
  const more = chosen === 0 ? '' : `, ${chosen} left to choice`;
  return `${standard}: ${proven} of ${rows.length} rows proven${more}`;
}

function rowLines(row) {
  const { id, level, binds, rule, vectors: named, choice } = row;
  const clause = id.split('-')[1];
  const where = /^\d/.test(clause) ? `§${clause}` : clause === 'S' ? 'schema' : `appendix ${clause}`;
  return [
    `- **${id}** (${where}, ${level}, ${binds}) ${rule}`,
    ...(named === undefined ? [] : [`  - ${named.replaceAll(' ', ', ')}`]),
    ...testLines(testsById.get(id)),
    ...(choice === undefined || isProven(row) ? [] : [`  - ${choice}`]),
  ].join('\n');
}

function vectorLines(table) {
  const tested = vectorIds.filter((id) => id.startsWith(`${table}-`) && testsById.get(id).length > 0);
  return listOf(tested, (id) => [`- **${id}**`, ...testLines(testsById.get(id))].join('\n'));
}

/** One line a file, with the first few titles. */
function testLines(found) {
  return [...new Set(found.map(({ file }) => file))].map((file) => {
    const titles = found.filter((test) => test.file === file).map(({ title }) => `\`${title.replaceAll('`', "'")}\``);
    const more = titles.length > shownTitles ? ` and ${titles.length - shownTitles} more` : '';
    return `  - [${basename(file)}](../${file}): ${titles.slice(0, shownTitles).join(', ')}${more}`;
  });
}

function listOf(items, line) {
  return items.map(line).join('\n');
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
