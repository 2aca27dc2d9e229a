// JWT-SVIDs from outside: a real server, a real agent, and the commands of both. What the agent hands out is verified by an
// independent JOSE with the bundle that the server publishes.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { credentials, Metadata, type ClientReadableStream } from '@grpc/grpc-js';
import { BundleSource, TrustDomain } from '@credence/sdk';
import { workloadApi } from '@credence/sdk/wire';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import type { Child, Finished } from '../support/child.js';
import { node } from '../support/child.js';
import { Deployment } from '../support/deployment.js';
import { repository } from '../support/source-tree.js';
import { until } from '../support/until.js';

const program = join(repository, 'packages/agent/bin/credence-agent.js');
const id = 'spiffe://example.org/web';

describe('JWT-SVIDs of the agent', function () {
  this.timeout(60_000); // most of it are commands, each a process

  let deployment: Deployment;
  let server: Child;
  let entryId: string;

  before(async () => {
    deployment = await Deployment.create();
    server = await deployment.startServer({ config: { default_jwt_svid_ttl: '1h' } });
    await deployment.startAgent();
    entryId = await deployment.createEntry('/web', '--hint', 'main');
    await until('the identity to arrive', async () => (await agent('api', 'fetch', '-silent')).code === 0);
  });
  after(() => deployment[Symbol.asyncDispose]());

  const agent = (...args: string[]): Promise<Finished> =>
    deployment.agent(...args, '-socketPath', deployment.workloadSocket());

  async function fetchJson(...args: string[]): Promise<{ token: string; keys: JSONWebKeySet }> {
    const { code, stdout, stderr } = await agent('api', 'fetch', 'jwt', '-output', 'json', ...args);
    assert.equal(code, 0, stderr);
    type Answer = [{ svids: { svid: string }[] }, { bundles: Record<string, string> }];
    const [{ svids }, { bundles }] = JSON.parse(stdout) as Answer;
    const jwks = Buffer.from(bundles['spiffe://example.org'] ?? '', 'base64').toString();
    return { token: svids[0]?.svid ?? '', keys: JSON.parse(jwks) as JSONWebKeySet };
  }

  const validate = (token: string, audience = 'api'): Promise<Finished> =>
    agent('api', 'validate', 'jwt', '-audience', audience, '-svid', token);
  const keyId = (token: string): string => decodeProtectedHeader(token).kid ?? '';

  it('are verified by an independent JOSE with the keys of FetchJWTBundles (WAPI-6.2.2-c)', async () => {
    const { token, keys } = await fetchJson('-audience', 'api,db');
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { audience: 'db' });
    assert.equal(payload.sub, id);
    assert.deepEqual(payload.aud, ['api', 'db']);
    assert.ok(keys.keys.every((key) => !('use' in key) && !('d' in key)));
  });

  it('come from an agent that answers all RPCs of the X.509-SVID and the JWT-SVID profile (WAPI-1-a)', async () => {
    const socket = `unix:${deployment.workloadSocket()}`;
    const client = workloadApi.createClient(socket, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('workload.spiffe.io', 'true');
    const first = (stream: ClientReadableStream<unknown>): Promise<unknown> =>
      new Promise((resolve, reject) => {
        stream.once('data', resolve).on('error', reject);
      }).finally(() => {
        stream.cancel();
      });
    try {
      await first(client.FetchX509SVID({}, metadata));
      await first(client.FetchX509Bundles({}, metadata));
      await first(client.FetchJWTBundles({}, metadata));
      const svid = await new Promise<string>((resolve, reject) => {
        client.FetchJWTSVID({ audience: ['api'] }, metadata, (error, response) => {
          if (error === null) resolve(response?.svids[0]?.svid ?? '');
          else reject(error);
        });
      });
      await new Promise<void>((resolve, reject) => {
        client.ValidateJWTSVID({ audience: 'api', svid }, metadata, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      });
    } finally {
      client.close();
    }
  });

  it('come from the cache until half of their life is over', async () => {
    const { token } = await fetchJson('-audience', 'cached');
    assert.equal((await fetchJson('-audience', 'cached')).token, token);
    assert.notEqual((await fetchJson('-audience', 'other')).token, token);
  });

  it('api fetch jwt: prints tokens, hints and bundles', async () => {
    const { code, stdout } = await agent('api', 'fetch', 'jwt', '-audience', 'api', '-spiffeID', id);
    assert.equal(code, 0);
    assert.match(
      stdout,
      new RegExp(
        [
          `^token\\(${id}\\):\\n\\t[\\w-]+\\.[\\w-]+\\.[\\w-]+`,
          `hint\\(${id}\\):\\n\\tmain`,
          'bundle\\(spiffe://example.org\\):\\n\\t\\{"keys":.*\\}\\n$',
        ].join('\\n'),
      ),
    );
    assert.equal(
      (await agent('api', 'fetch', 'jwt', '-audience', 'api', '-format', 'json')).stdout.startsWith('[{'),
      true,
    );
  });

  it('api validate jwt: prints who it is and the claims', async () => {
    const { token } = await fetchJson('-audience', 'api');
    const { exp, iat } = decodeJwt(token);
    const claims = `{"aud":["api"],"exp":${String(exp)},"iat":${String(iat)},"sub":"${id}"}`;
    assert.deepEqual(await validate(token), {
      code: 0,
      stdout: `SVID is valid.\nSPIFFE ID : ${id}\nClaims    : ${claims}\n`,
      stderr: '',
    });
    const json = await agent('api', 'validate', 'jwt', '-audience', 'api', '-svid', token, '-output', 'json');
    assert.equal(json.stdout, `{"claims":${claims},"spiffe_id":"${id}"}\n`);
  });

  it('api validate jwt: reads the token from standard input, so that no process list shows it', async () => {
    const { token } = await fetchJson('-audience', 'api');
    const socket = ['-socketPath', deployment.workloadSocket()];
    await using child = node(program, ['api', 'validate', 'jwt', '-audience', 'api', '-svid', '-', ...socket]);
    child.process.stdin?.end(`${token}\n`);
    assert.match((await child.finished).stdout, /^SVID is valid\.\n/);
  });

  it('api validate jwt: says why a token is not valid, and exits 1', async () => {
    const { token } = await fetchJson('-audience', 'api');
    const refused = await validate(token, 'bank');
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /^SVID is not valid: JWT-SVID is for none of \[ 'bank' \]/);
    assert.match((await validate(`${token.slice(0, -4)}AAAA`)).stderr, /^SVID is not valid: JWT-SVID has a signature/);
  });

  const wrong: [args: string[], code: number, says: RegExp][] = [
    [['fetch', 'jwt'], 2, /--audience is required/],
    [['fetch', 'jwt', '-audience', ','], 2, /--audience is required/],
    [['validate', 'jwt', '-svid', 'x'], 2, /--audience is required/],
    [['validate', 'jwt', '-audience', 'x'], 2, /--svid is required/],
    [['fetch', 'jwt', '-audience', 'x', '-timeout', '0s'], 2, /--timeout is "0s"/],
    [['fetch', 'jwt', '-audience', 'x', '-spiffeID', 'web'], 1, /InvalidArgument desc = invalid requested SPIFFE ID: /],
    [
      ['fetch', 'jwt', '-audience', 'x', '-spiffeID', 'spiffe://example.org/db'],
      1,
      /^rpc error: code = PermissionDenied desc = no identity issued\n$/,
    ],
  ];
  for (const [args, code, says] of wrong) {
    it(`api ${args.join(' ')}: exits ${String(code)}`, async () => {
      const finished = await agent('api', ...args);
      assert.deepEqual([finished.code, finished.stdout], [code, '']);
      assert.match(finished.stderr, says);
    });
  }

  it('says what the server refuses, and stays connected', async () => {
    const { code, stderr } = await agent('api', 'fetch', 'jwt', '-audience', 'x'.repeat(17_000));
    assert.equal(code, 1);
    assert.match(stderr, /code = Unavailable desc = could not fetch JWT-SVID: NewJWTSVID failed: INVALID_ARGUMENT: /);
    await fetchJson('-audience', 'after');
  });

  it('are replaced when their authority is tainted, and refused when it is revoked', async () => {
    const authority = async (verb: string, ...args: string[]): Promise<string> => {
      const out = await deployment.admin('localauthority', 'jwt', verb, ...args);
      return /Authority ID: (\S+)/.exec(out)?.[1] ?? '';
    };
    const before = await fetchJson('-audience', 'rotated');
    const old = keyId(before.token);
    const next = await authority('prepare');
    await until('the prepared authority to be in the bundle', async () =>
      (await fetchJson('-audience', 'rotated')).keys.keys.some(({ kid }) => kid === next),
    );
    assert.equal(keyId((await fetchJson('-audience', 'rotated')).token), old);
    await authority('activate', '-authorityID', next);
    assert.equal((await fetchJson('-audience', 'rotated')).token, before.token);
    await authority('taint', '-authorityID', old);
    const after = await until('a token of the new authority', async () => {
      const { token } = await fetchJson('-audience', 'rotated');
      return keyId(token) === next ? token : undefined;
    });
    assert.equal((await validate(before.token, 'rotated')).code, 0);
    await authority('revoke', '-authorityID', old);
    await until('the old token to be refused', async () => (await validate(before.token, 'rotated')).code === 1);
    assert.equal((await validate(after, 'rotated')).code, 0);
  });

  it('are served from the cache while the server is away, and anew when it is back', async () => {
    const { token } = await fetchJson('-audience', 'away');
    await server.stop('SIGKILL');
    assert.equal((await fetchJson('-audience', 'away')).token, token);
    assert.equal((await validate(token, 'away')).code, 0);
    const missing = await agent('api', 'fetch', 'jwt', '-audience', 'missing');
    assert.deepEqual([missing.code, missing.stdout], [1, '']);
    assert.match(missing.stderr, /code = Unavailable desc = could not fetch JWT-SVID: the server did not answer\n$/);
    server = await deployment.startServer({ config: { default_jwt_svid_ttl: '1h' } });
    await fetchJson('-audience', 'missing');
    assert.equal((await fetchJson('-audience', 'away')).token, token);
  });

  it('are denied when the entry is deleted, though the token was in the cache', async () => {
    await fetchJson('-audience', 'api');
    await deployment.admin('entry', 'delete', '-entryID', entryId);
    await until('the denial', async () => {
      const { code, stderr } = await agent('api', 'fetch', 'jwt', '-audience', 'api');
      return code === 1 && stderr === 'rpc error: code = PermissionDenied desc = no identity issued\n';
    });
  });

  it('are verified without an identity, by keys that are given only where the operator allows it', async () => {
    const token = (await deployment.admin('jwt', 'mint', '-spiffeID', id, '-audience', 'api')).trimEnd();
    assert.equal((await validate(token)).code, 0);
    await deployment.startAgent({ name: 'open', flags: ['-allowUnauthenticatedVerifiers'] });
    const bundles = async (name?: string): Promise<unknown> => {
      const source = await BundleSource.create({
        address: `unix://${deployment.workloadSocket(name)}`,
        timeoutMs: 2000,
      });
      await using _ = source;
      return source.getJwtBundleForTrustDomain(TrustDomain.parse('example.org')).authorities.length;
    };
    assert.equal(await bundles('open'), 1);
    await assert.rejects(bundles());
    const client = ['-audience', 'x', '-socketPath', deployment.workloadSocket('open')];
    assert.match((await deployment.agent('api', 'fetch', 'jwt', ...client)).stderr, /no identity issued/);
  });
});
