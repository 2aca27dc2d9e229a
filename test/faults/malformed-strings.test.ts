// Strings, numbers and messages made to hurt whoever stores, prints or logs them, sent by an administrator's own client:
// what is stored comes back as it was, what is printed or logged is text on one line, and the rest is refused.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { credentials, status, type Client, type ServiceError } from '@grpc/grpc-js';
import { trustDomainApi } from '@credence/sdk/wire';
import type { Entry } from '@credence/sdk/wire/gen/spire/api/types/Entry.js';
import { Admin } from '../support/admin.js';
import { node, type Finished } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { call } from '../support/grpc.js';
import { repository } from '../support/source-tree.js';

const td = 'spiffe://example.org';
const largest = 2 ** 31 - 1;
const smallest = -(2 ** 31);

const escapes = [
  { name: 'a carriage return and a line feed', text: 'a\r\nEntry ID                : forged' },
  { name: 'a code that clears the screen', text: 'a\u001b[2J\u001b]0;title\u0007' },
  { name: 'a code of one byte (C1)', text: 'a\u009b31m\u007f' },
  { name: 'a mark that turns the line around', text: 'a\u202egpj.exe' },
  { name: 'line separators of Unicode', text: 'a\u2028b\u2029c\u0085d' },
  { name: 'a NUL', text: 'a\u0000b' },
];

const statements = [
  `'; DROP TABLE registered_entries; --`,
  `" OR "1"="1`,
  `1) UNION SELECT * FROM join_tokens --`,
  '%',
  '_',
  '\\',
  `\${jndi:ldap://127.0.0.1/x}`,
];

/** What a terminal would obey rather than show, other than the ends of lines. */
const control = /[^\P{C}\n]/u;

describe('strings made to hurt', () => {
  let deployment: Deployment;
  let admin: Admin;
  let logFile: string;

  before(async () => {
    deployment = await Deployment.create();
    logFile = join(deployment.folder, 'server.log');
    await deployment.startServer({ flags: ['--log-file', logFile, '--log-level', 'debug'] });
    admin = new Admin(deployment.adminSocket);
  });

  after(async () => {
    admin[Symbol.dispose]();
    await deployment[Symbol.asyncDispose]();
  });

  const entryOf = (name: string, fields: Entry): Entry => ({
    spiffe_id: { trust_domain: 'example.org', path: `/${name}` },
    parent_id: { trust_domain: 'example.org', path: '/node' },
    selectors: [{ type: 'unix', value: 'uid:1' }],
    ...fields,
  });

  async function create(entry: Entry): Promise<number> {
    const { results } = await call(admin.entries, 'BatchCreateEntry', { entries: [entry] });
    return results[0]?.status?.code ?? -1;
  }

  async function forget(): Promise<void> {
    const ids = (await admin.listEntries()).map(({ id }) => id);
    await call(admin.entries, 'BatchDeleteEntry', { ids });
  }

  afterEach(forget);

  describe('that a terminal would obey', () => {
    for (const { name, text } of escapes) {
      it(`are printed as text: ${name}, in a hint and in a selector`, async () => {
        const made = await create(entryOf('web', { hint: text, selectors: [{ type: 'unix', value: text }] }));
        assert.equal(made, status.OK);
        const [stored] = await admin.listEntries();
        assert.deepEqual([stored?.hint, stored?.selectors[0]?.value], [text, text]);
        const pretty = await deployment.admin('entry', 'show');
        assert.doesNotMatch(pretty, control);
        assert.equal(pretty.split('\n').length, 1 + 8 + 2, pretty);
        const json = await deployment.admin('entry', 'show', '--output', 'json');
        assert.doesNotMatch(json, control);
        const [shown] = (JSON.parse(json) as { entries: { hint: string }[] }).entries;
        assert.equal(shown?.hint, text);
      });

      it(`are refused, and said as text: ${name}, in IDs, names and tokens`, async () => {
        const id = { trust_domain: 'example.org', path: `/${text}` };
        assert.notEqual(await create(entryOf('web', { spiffe_id: id })), status.OK);
        assert.notEqual(await create(entryOf('web', { parent_id: id })), status.OK);
        assert.notEqual(await create(entryOf('web', { dns_names: [text] })), status.OK);
        assert.notEqual(await create(entryOf('web', { federates_with: [text] })), status.OK);
        await assert.rejects(call(admin.agents, 'CreateJoinToken', { ttl: 60, token: text }));
        await assert.rejects(call(admin.entries, 'ListEntries', { page_size: 1, page_token: text }));
        await assert.rejects(call(admin.localAuthorities, 'TaintX509Authority', { authority_id: text }));
        assert.deepEqual(await admin.listEntries(), []);
      });

      // No argument of a process holds a NUL.
      if (!text.includes('\u0000')) {
        it(`are said as text by the commands that refuse them: ${name}`, async () => {
          const data = join(deployment.folder, 'entries.json');
          const entry = {
            spiffe_id: `${td}/web`,
            parent_id: `${td}/node`,
            selectors: [{ type: 'unix', value: 'uid:1' }],
          };
          await writeFile(data, JSON.stringify({ entries: [{ ...entry, [text]: 1 }] }));
          const commands = [
            ['entry', 'create', '--data', data],
            ['entry', 'create', '--data', join(deployment.folder, text.replaceAll('/', ''))],
            ['entry', 'create', '--spiffe-id', text],
            ['entry', 'show', '--entry-id', text],
            ['entry', 'delete', '--entry-id', text],
            ['agent', 'show', '--spiffe-id', `${td}/spire/agent/${text}`],
            ['agent', 'list', '--expires-before', text],
            ['token', 'generate', '--spiffe-id', `${td}/${text}`],
            ['localauthority', 'jwt', 'taint', '--authority-id', text],
            ['upstreamauthority', 'revoke', '--subject-key-id', text],
            ['federation', 'show', '--trust-domain', text],
            ['federation', 'delete', '--id', text],
            ['bundle', 'delete', '--id', text],
            ['logger', 'set', '--level', text],
            ['jwt', 'mint', '--spiffe-id', `${td}/${text}`, '--audience', 'api'],
            ['x509', 'mint', '--spiffe-id', `${td}/web`, '--dns', text],
            ['entry', text],
            ['entry', 'show', `--${text}`],
          ];
          const answers = await Promise.all(commands.map((args) => deployment.server(...args)));
          for (const [index, { code, stdout, stderr }] of answers.entries()) {
            const context = `${JSON.stringify(commands[index])}: ${stderr}`;
            assert.ok(code === 1 || code === 2, context);
            assert.doesNotMatch(stdout + stderr, control, context);
            assert.doesNotMatch(stderr, /^Entry ID +: forged/m, context);
          }
        }).timeout(30_000);
      }
    }

    it('are records of one line in the log, which name them all the same', async () => {
      const log = await readFile(logFile, 'utf8');
      assert.doesNotMatch(log, control);
      const records = log
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const audits = records.filter(({ type }) => type === 'audit').map((record) => JSON.stringify(record));
      for (const { text } of escapes) {
        assert.ok(
          audits.some((record) => record.includes(JSON.stringify(text).slice(1, -1))),
          JSON.stringify(text),
        );
      }
    });
  });

  describe('that a database would run', () => {
    it('are stored and found as they are, and as nothing else', async () => {
      for (const [index, text] of statements.entries()) {
        const made = await create(
          entryOf(`web${index}`, { hint: text, selectors: [{ type: text.replaceAll(':', ''), value: text }] }),
        );
        assert.equal(made, status.OK, text);
      }
      for (const [index, text] of statements.entries()) {
        const byHint = await call(admin.entries, 'ListEntries', { filter: { by_hint: { value: text } } });
        assert.deepEqual(
          byHint.entries.map(({ spiffe_id: id }) => id?.path),
          [`/web${index}`],
          text,
        );
        const selectors = [{ type: text.replaceAll(':', ''), value: text }];
        const bySelector = await call(admin.entries, 'ListEntries', {
          filter: { by_selectors: { selectors, match: 'MATCH_EXACT' } },
        });
        assert.deepEqual(
          bySelector.entries.map(({ hint }) => hint),
          [text],
        );
        assert.equal((await deployment.admin('entry', 'count', '--hint', text)).trim(), '1 registration entry');
      }
      assert.equal((await admin.listEntries()).length, statements.length);
    });

    it('name nothing where they are asked for', async () => {
      for (const text of statements) {
        assert.deepEqual(
          (await call(admin.agents, 'ListAgents', { filter: { by_attestation_type: text } })).agents,
          [],
        );
        await assert.rejects(call(admin.entries, 'GetEntry', { id: text }));
        await assert.rejects(call(admin.agents, 'CreateJoinToken', { ttl: 60, token: `${text}/` }));
        const { results } = await call(admin.entries, 'BatchDeleteEntry', { ids: [text] });
        assert.notEqual(results[0]?.status?.code, status.OK);
      }
      assert.equal((await call(admin.entries, 'CountEntries', {})).count, 0);
    });
  });

  describe('in JSON and YAML that name parts of the language', () => {
    const entry = `"spiffe_id":"${td}/web","parent_id":"${td}/node","selectors":[{"type":"unix","value":"uid:1"}]`;
    const files = [
      { name: 'an entry with __proto__', text: `{"entries":[{${entry},"__proto__":{"admin":true}}]}` },
      { name: 'a file with __proto__', text: `{"entries":[{${entry}}],"__proto__":{"entries":[]}}` },
      {
        name: 'an entry with constructor',
        text: `{"entries":[{${entry},"constructor":{"prototype":{"admin":true}}}]}`,
      },
      {
        name: 'a selector with __proto__',
        text: `{"entries":[{${entry.replace('"type"', '"__proto__":{},"type"')}}]}`,
      },
      { name: 'entries that are __proto__ alone', text: `{"__proto__":{"entries":[{${entry}}]}}` },
      {
        name: 'YAML with __proto__',
        text: `entries:\n  - {${entry.replaceAll('":', '": ')}, "__proto__": {admin: true}}`,
      },
      { name: 'deep nesting', text: '['.repeat(100_000) },
    ];

    it('are refused, and the same without them is taken', async () => {
      const good = await createFrom(`{"entries":[{${entry}}]}`);
      assert.equal(good.code, 0, good.stderr);
    });
    for (const { name, text } of files) {
      it(`are refused: ${name}`, async () => {
        const { code, stdout, stderr } = await createFrom(text);
        assert.deepEqual([code, stdout], [2, ''], stderr);
        assert.match(stderr, /^Error: --data/);
        assert.deepEqual(await admin.listEntries(), []);
      });
    }

    for (const text of [
      '{"ids":["x"],"__proto__":{}}',
      '{"__proto__":{"ids":["x"]}}',
      '{"ids":{"length":1,"0":"x"}}',
    ]) {
      it(`are refused by entry delete: ${text}`, async () => {
        const { code, stderr } = await run(text, 'entry', 'delete', '--file', '-');
        assert.equal(code, 2);
        assert.match(stderr, /^Error: --file: \{"ids": \["..."\]\} is accepted/);
      });
    }

    const createFrom = (text: string): Promise<Finished> => run(text, 'entry', 'create', '--data', '-');
    async function run(input: string, ...args: string[]): Promise<Finished> {
      const program = join(repository, 'packages/server/bin/credence-server.js');
      await using child = node(program, [...args, '--socket-path', deployment.adminSocket]);
      child.process.stdin?.on('error', () => undefined).end(input);
      return await child.finished;
    }
  });

  describe('numbers and messages beyond measure', () => {
    const lists = [
      { name: 'ListEntries', list: (page: Page) => call(admin.entries, 'ListEntries', page) },
      { name: 'ListAgents', list: (page: Page) => call(admin.agents, 'ListAgents', page) },
      { name: 'ListFederatedBundles', list: (page: Page) => call(admin.bundles, 'ListFederatedBundles', page) },
      {
        name: 'ListFederationRelationships',
        list: async (page: Page) => {
          const client = trustDomainApi.createClient(`unix:${deployment.adminSocket}`, credentials.createInsecure());
          return call(client, 'ListFederationRelationships', page).finally(() => {
            client.close();
          });
        },
      },
    ];
    for (const { name, list } of lists) {
      it(`${name} answers pages of ${largest}, of -1 and of ${smallest}`, async () => {
        for (const page_size of [largest, -1, smallest]) {
          assert.equal((await list({ page_size, page_token: '' })).next_page_token, '');
        }
      });

      it(`${name} refuses a page token that it did not make`, async () => {
        for (const page_token of [`1' OR '1'='1`, ' 1', '0x10 ', '\u0000', 'x'.repeat(100_000)]) {
          await assert.rejects(list({ page_size: 1, page_token }), isInvalid, page_token.slice(0, 20));
        }
      });
    }

    it('lifetimes beyond what the wire or a date can say are refused or cut', async () => {
      assert.notEqual(await create(entryOf('web', { x509_svid_ttl: -1 })), status.OK);
      assert.notEqual(await create(entryOf('web', { jwt_svid_ttl: smallest })), status.OK);
      await assert.rejects(call(admin.agents, 'CreateJoinToken', { ttl: smallest }), isInvalid);
      for (const expires_at of ['9223372036854775807', '-9223372036854775808']) {
        assert.notEqual(await create(entryOf('late', { expires_at })), status.OK, expires_at);
      }
    });

    it('a message of more than the limit is refused, and the next is answered', async () => {
      const hint = 'h'.repeat(8 * 1024 * 1024);
      await assert.rejects(create(entryOf('web', { hint })), { code: status.RESOURCE_EXHAUSTED });
      assert.equal(await create(entryOf('web', {})), status.OK);
    });

    for (const [name, bytes] of [
      ['a length beyond its end', Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07])],
      ['a varint without end', Buffer.alloc(64, 0xff)],
      ['a group that is never closed', Buffer.from([0x0b])],
    ] as const) {
      it(`a message that is ${name} is refused, and the next is answered`, async () => {
        await assert.rejects(raw(admin.entries, '/spire.api.server.entry.v1.Entry/BatchCreateEntry', bytes));
        assert.deepEqual(await admin.listEntries(), []);
      });
    }

    it('leave the server healthy', () => {
      const healthy = spawnSync(process.execPath, [
        join(repository, 'packages/server/bin/credence-server.js'),
        ...['healthcheck', '--socket-path', deployment.adminSocket],
      ]);
      assert.equal(healthy.status, 0);
    });
  });
});

interface Page {
  readonly page_size: number;
  readonly page_token: string;
}

function isInvalid(error: ServiceError): boolean {
  assert.equal(error.code, status.INVALID_ARGUMENT, error.message);
  return true;
}

/** Calls a method with bytes that no serializer made. */
function raw(client: Client, method: string, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const asIs = (message: Buffer): Buffer => message;
    client.makeUnaryRequest(method, asIs, asIs, bytes, (error, response) => {
      if (error !== null || response === undefined) reject(error ?? new Error('no response'));
      else resolve(response);
    });
  });
}
