import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import type { ZodType } from 'zod';
import { durationMs, host, logLevel, path, port } from '@credence/sdk/daemon/config-values';

interface Case {
  readonly name: string;
  readonly schema: ZodType;
  readonly good: readonly (readonly [text: unknown, value: unknown])[];
  readonly bad: readonly unknown[];
  readonly says: RegExp;
}

const cases: readonly Case[] = [
  { name: 'a path', schema: path, good: [['a', resolve('a')]], bad: [''], says: /^an empty path/ },
  { name: 'a duration', schema: durationMs, good: [['1m30s', 90_000]], bad: ['0s', '-1s', '5'], says: /duration/ },
  { name: 'a log level', schema: logLevel, good: [['WARN', 'warn']], bad: ['loud', ''], says: /^not a level; debug/ },
  {
    name: 'a host',
    schema: host('::'),
    good: ['127.0.0.1', '::', 'localhost', 'a-b.example.org', 'x'.repeat(253)].map((text) => [text, text] as const),
    bad: ['', 'a b', '-a', 'a-', 'a..b', '1.2.3.4:80', '[::1]', 'x'.repeat(254)],
    says: /^not an address; 127\.0\.0\.1, :: or a host name is accepted$/,
  },
  {
    name: 'a port to listen on',
    schema: port(0),
    good: [
      [0, 0],
      ['8081', 8081],
      [65535, 65535],
    ],
    bad: [-1, 65536, 80.5, '65536', '0x50', '', '+1', true],
    says: /^not a port; 0 to 65535 is accepted$/,
  },
  { name: 'a port to connect to', schema: port(1), good: [['1', 1]], bad: [0, '0'], says: /^not a port; 1 to 65535/ },
];

describe('the values of a configuration file', () => {
  for (const { name, schema, good, bad, says } of cases) {
    for (const [text, value] of good) {
      it(`read ${name} from ${JSON.stringify(text)}`, () => {
        assert.equal(schema.parse(text), value);
      });
    }
    for (const text of bad) {
      it(`refuse ${JSON.stringify(text)} as ${name}`, () => {
        const messages = schema.safeParse(text).error?.issues.map(({ message }) => message) ?? [];
        assert.match(messages.join(), says);
      });
    }
  }
});
