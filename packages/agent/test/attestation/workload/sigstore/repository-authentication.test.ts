import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { parseImageReference } from '../../../../dist/attestation/workload/sigstore/image-reference.js';
import { Repository, type RegistryCredentials } from '../../../../dist/attestation/workload/sigstore/repository.js';
import { FakeRegistry } from '../../../support/fake-registry.js';
import { assertRefused, basic, credentials, descriptorOf, token } from '../../../support/repository-refusal.js';

const { signal } = new AbortController();

describe('a repository of a registry that does not serve everybody', () => {
  let registry: FakeRegistry;
  // Another server: one that gives tokens, or that the registry redirects to.
  let other: FakeRegistry;

  beforeEach(async () => {
    [registry, other] = [await FakeRegistry.start(), await FakeRegistry.start()];
  });

  afterEach(async () => {
    await registry[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  const repository = (withCredentials?: RegistryCredentials): Repository =>
    new Repository(
      parseImageReference(registry.image),
      { credentials: withCredentials, insecureRegistries: [registry.host, other.host] },
      signal,
    );

  describe('asks for a token (Distribution, "Token Authentication")', () => {
    const asked = (challenge: string, ...accepted: readonly string[]): void => {
      registry.misbehave = ({ headers }, response) => {
        if (accepted.includes(headers.authorization ?? '')) return false;
        response.writeHead(401, { 'www-authenticate': challenge.replace('REALM', `http://${other.host}/token`) }).end();
        return true;
      };
    };
    const gives = (answer: string, status = 200): void => {
      other.misbehave = (_, response) => Boolean(response.writeHead(status).end(answer));
    };
    const ours = 'Bearer realm="REALM",service="the registry",scope="repository:app:pull,x"';

    for (const name of ['token', 'access_token']) {
      it(`of the realm, for the service and the scope that it says, and sends it (${name})`, async () => {
        asked(ours, `Bearer ${token}`);
        gives(JSON.stringify({ [name]: token, expires_in: 60 }));
        registry.push('tag', { mediaType: 'x', blob: Buffer.from('signed') });
        assert.equal((await repository().layers('tag')).length, 1);
        assert.deepEqual(other.requests, [
          { path: '/token?service=the+registry&scope=repository%3Aapp%3Apull%2Cx', authorization: undefined },
        ]);
        assert.deepEqual(
          registry.requests.map(({ authorization }) => authorization),
          [undefined, `Bearer ${token}`],
        );
      });
    }

    it('to read from the repository where no scope is said, and keeps the query of the realm', async () => {
      asked('bearer realm="REALM?account=a"', `Bearer ${token}`);
      gives(JSON.stringify({ token }));
      await repository().layers('tag');
      assert.deepEqual(
        other.requests.map(({ path }) => path),
        ['/token?account=a&scope=repository%3Aapp%3Apull'],
      );
    });

    it('once', async () => {
      asked(ours, `Bearer ${token}`);
      gives(JSON.stringify({ token }));
      const one = repository();
      for (const tag of ['a', 'b']) assert.deepEqual(await one.layers(tag), []);
      assert.deepEqual(await one.referrers(), []);
      assert.equal(other.requests.length, 1);
      assert.equal(registry.requests.length, 5);
    });

    it('with the password, which the registry never sees', async () => {
      asked(ours, `Bearer ${token}`);
      gives(JSON.stringify({ token }));
      await repository(credentials).layers('tag');
      assert.deepEqual(
        other.requests.map(({ authorization }) => authorization),
        [basic],
      );
      assert.deepEqual(
        registry.requests.map(({ authorization }) => authorization),
        [undefined, `Bearer ${token}`],
      );
    });

    it('rather than to send the password where it may choose', async () => {
      asked('Basic realm="all", Bearer realm="REALM",service="s"', `Bearer ${token}`);
      gives(JSON.stringify({ token }));
      await repository(credentials).layers('tag');
      assert.equal(registry.requests.at(-1)?.authorization, `Bearer ${token}`);
    });

    it('and says so when the token will not do', async () => {
      asked(ours);
      gives(JSON.stringify({ token }));
      const one = repository(credentials);
      const expected = `answered 401 to GET /v2/app/manifests/tag; registry_credentials may name ${registry.host}$`;
      await assertRefused(one.layers('tag'), new RegExp(expected));
      await assertRefused(one.layers('tag'), new RegExp(expected));
      assert.equal(registry.requests.length, 3);
      assert.equal(other.requests.length, 1);
    });

    it('and says so when it is given none', async () => {
      asked(ours);
      for (const status of [401, 403, 500, 307]) {
        gives('', status);
        const expected = `^${other.host}, which gives tokens for registry ${registry.host}, answered ${status}$`;
        await assertRefused(repository(credentials).layers('tag'), new RegExp(expected));
      }
      for (const answer of [token, '{}', '{"token":7}', '{"token":""}', '{"token":"t0ken\\r\\nx: y"}']) {
        gives(answer);
        await assertRefused(
          repository(credentials).layers('tag'),
          /^the token of .* for registry .* has an unknown form$/,
        );
      }
      gives(JSON.stringify({ token: 'x'.repeat(65536) }));
      await assert.rejects(repository().layers('tag'), /the body is larger than 65536 bytes/);
    });

    for (const challenge of ['Bearer', 'Bearer service="s"', 'Bearer realm="here"', 'Bearer realm=""']) {
      it(`of nobody when it does not say of whom: ${challenge}`, async () => {
        asked(challenge);
        await assertRefused(
          repository(credentials).layers('tag'),
          challenge === 'Bearer' ? /an authentication that is not known/ : /does not say who gives tokens for it$/,
        );
        assert.equal(registry.requests.length, 1);
      });
    }

    for (const challenge of ['', 'Negotiate', 'Bearerrealm="REALM"', 'xBasic realm="all"']) {
      it(`of nobody when it wants something else: ${JSON.stringify(challenge)}`, async () => {
        asked(challenge);
        await assertRefused(repository(credentials).layers('tag'), /wants an authentication that is not known here$/);
        assert.equal(registry.requests.length, 1);
        assert.equal(other.requests.length, 0);
      });
    }

    const unreachable: readonly [string, RegExp][] = [
      ['http://registry.example/token', /^http:\/\/registry\.example is not reached over TLS; /],
      ['http://169.254.169.254/latest/meta-data', /^http:\/\/169\.254\.169\.254 is not reached over TLS; /],
      ['file:///etc/passwd', /^file:\/\/ is not reached over TLS; /],
      ['data:,{}', /^data:\/\/ is not reached over TLS; /],
      ['ftp://127.0.0.1/', /^ftp:\/\/127\.0\.0\.1 is not reached over TLS; /],
    ];
    for (const [realm, expected] of unreachable) {
      it(`never of ${realm}`, async () => {
        asked(`Bearer realm="${realm}"`);
        await assertRefused(repository(credentials).layers('tag'), expected);
      });
    }

    for (const host of ['169.254.169.254', '2852039166', '[::ffff:169.254.169.254]', '[fe80::1]', '0.0.0.0']) {
      it(`never of https://${host}/`, async () => {
        asked(`Bearer realm="https://${host}/"`);
        await assert.rejects(repository(credentials).layers('tag'), /^Error: the address is refused: /);
      });
    }
  });

  describe('sends the password to a registry that wants it (RFC 7617)', () => {
    beforeEach(() => {
      registry.misbehave = ({ headers }, response) => {
        if (headers.authorization === basic) return false;
        response.writeHead(401, { 'www-authenticate': 'Basic realm="all"' }).end();
        return true;
      };
    });

    it('and not before it is asked', async () => {
      const one = repository(credentials);
      for (const tag of ['a', 'b']) await one.layers(tag);
      assert.deepEqual(
        registry.requests.map(({ authorization }) => authorization),
        [undefined, basic, basic],
      );
    });

    it('and says so when it has none, or another', async () => {
      const expected = `^registry ${registry.host} wants a password; registry_credentials names none for it$`;
      await assertRefused(repository().layers('tag'), new RegExp(expected));
      const wrong = { ...credentials, username: 'human' };
      await assertRefused(repository(wrong).layers('tag'), /answered 401 .* registry_credentials may name/);
    });
  });

  describe('follows redirects', () => {
    const blob = Buffer.from('signed');
    const redirect = (location: string | undefined, status = 307): void => {
      registry.misbehave = ({ headers }, response) => {
        if (headers.authorization === undefined) {
          response.writeHead(401, { 'www-authenticate': 'Basic realm="all"' }).end();
        } else response.writeHead(status, location === undefined ? {} : { location }).end();
        return true;
      };
    };
    const read = (): Promise<Buffer> => repository(credentials).blob(descriptorOf(blob));

    for (const status of [301, 302, 303, 307, 308]) {
      it(`of ${status} to another server, which does not get the password`, async () => {
        other.answers.set('elsewhere', blob);
        redirect(`http://${other.host}/v2/app/elsewhere`, status);
        assert.deepEqual(await read(), blob);
        assert.deepEqual(other.requests, [{ path: '/v2/app/elsewhere', authorization: undefined }]);
        assert.equal(registry.requests.at(-1)?.authorization, basic);
      });
    }

    it('within the registry, which gets the password again', async () => {
      registry.answers.set('elsewhere', blob);
      registry.misbehave = ({ headers, url = '' }, response) => {
        if (headers.authorization === undefined) {
          response.writeHead(401, { 'www-authenticate': 'Basic realm="all"' }).end();
        } else if (url.includes('/blobs/')) response.writeHead(307, { location: '../elsewhere' }).end();
        else return false;
        return true;
      };
      assert.deepEqual(await read(), blob);
      assert.equal(registry.requests.at(-1)?.authorization, basic);
    });

    for (const challenge of ['Basic realm="all"', 'Bearer realm="http://HOST/token"']) {
      it(`but gives nobody there a password who asks for it: ${challenge}`, async () => {
        redirect(`http://${other.host}/`);
        other.misbehave = (_, response) =>
          Boolean(response.writeHead(401, { 'www-authenticate': challenge.replace('HOST', other.host) }).end());
        await assertRefused(read(), /answered 401 to GET/);
        registry.misbehave = (_, response) =>
          Boolean(response.writeHead(307, { location: `http://${other.host}/` }).end());
        await assertRefused(read(), /answered 401 to GET/);
        assert.deepEqual(other.requests, Array(2).fill({ path: '/', authorization: undefined }));
      });
    }

    it('five times', async () => {
      let left = 5;
      const answer = (_: unknown, response: ServerResponse): boolean => {
        if (left-- > 0) response.writeHead(307, { location: `http://${other.host}/${left}` }).end();
        else response.writeHead(200).end(blob);
        return true;
      };
      [registry.misbehave, other.misbehave] = [answer, answer];
      assert.deepEqual(await repository().blob(descriptorOf(blob)), blob);
      left = 6;
      const expected = new RegExp(`^registry ${registry.host} redirects more than 5 times$`);
      await assertRefused(repository().blob(descriptorOf(blob)), expected);
      assert.equal(registry.requests.length + other.requests.length, 12);
    });

    for (const location of [undefined, '', 'http://[', 'https://a b/']) {
      it(`but not to ${JSON.stringify(location)}`, async () => {
        redirect(location);
        await assertRefused(read(), /^registry .* redirects and does not say where to$/);
        assert.equal(registry.requests.length, 2);
      });
    }

    for (const location of ['http://registry.example/', 'http://169.254.169.254/', 'file:///etc/passwd']) {
      it(`but not to ${location}`, async () => {
        redirect(location);
        await assertRefused(read(), /is not reached over TLS; /);
      });
    }

    for (const location of ['https://169.254.169.254/', 'https://[fd00:ec2::254]/', 'https://[fe80::1]/']) {
      it(`but not to ${location}`, async () => {
        redirect(location);
        await assert.rejects(read(), /^Error: the address is refused: /);
      });
    }
  });
});
