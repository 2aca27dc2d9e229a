import assert from 'node:assert/strict';
import { status, type ServiceError } from '@grpc/grpc-js';
import { SpiffeId } from '@credence/sdk';
import type { JWTSVIDRequest } from '@credence/sdk/wire/gen/JWTSVIDRequest.js';
import type { JWTSVIDResponse__Output } from '@credence/sdk/wire/gen/JWTSVIDResponse.js';
import { agentError } from '../../../dist/domain/errors.js';
import type { JwtSvidRequest, WorkloadJwtSvids } from '../../../dist/endpoints/ports.js';
import type { AuthorizedEntry } from '../../../dist/domain/authorized-entry.js';
import { header, TestEndpoint } from '../../support/endpoint.js';
import { entry } from '../../support/entries.js';
import { FakeWorkloadSnapshots, snapshot } from '../../support/fake-workload-snapshots.js';

/** Tokens that are texts. */
class FakeJwtSvids implements WorkloadJwtSvids {
  readonly asked: { id: string; audience: readonly string[] }[] = [];
  answer: (request: JwtSvidRequest) => string | Promise<string> = () => 'token';

  async fetch({ id }: AuthorizedEntry, request: JwtSvidRequest): Promise<string> {
    this.asked.push({ id, audience: request.audience });
    return `${await this.answer(request)} of ${id}`;
  }
}

interface World extends AsyncDisposable {
  readonly jwtSvids: FakeJwtSvids;
  readonly attested: () => number;
  readonly call: (request: JWTSVIDRequest) => Promise<JWTSVIDResponse__Output>;
}

async function world(...entries: readonly AuthorizedEntry[]): Promise<World> {
  const jwtSvids = new FakeJwtSvids();
  const snapshots = new FakeWorkloadSnapshots(snapshot([]));
  snapshots.entries = entries;
  let attested = 0;
  const attest = (): Promise<[{ type: string; value: string }]> => {
    attested++;
    return Promise.resolve([{ type: 'unix', value: 'uid:1' }]);
  };
  const endpoint = await TestEndpoint.start({ snapshots, jwtSvids, attestation: { attest } });
  return {
    jwtSvids,
    attested: () => attested,
    call: (request) =>
      new Promise((resolve, reject) => {
        endpoint.client.FetchJWTSVID(request, header(), (error, response) => {
          if (error !== null || response === undefined) reject(error ?? new Error('no response'));
          else resolve(response);
        });
      }),
    [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose](),
  };
}

async function refusal(call: Promise<unknown>): Promise<Pick<ServiceError, 'code' | 'details'>> {
  const error = await call.then(
    () => assert.fail('the call was answered'),
    (failure: unknown) => failure as ServiceError,
  );
  return { code: error.code, details: error.details };
}

const invalid = (details: string): object => ({ code: status.INVALID_ARGUMENT, details });
const noIdentity = { code: status.PERMISSION_DENIED, details: 'no identity issued' };

describe('FetchJWTSVID (SPIFFE Workload API §6.2.1)', () => {
  it('answers with a token for each identity, in the order of their entries (WAPI-6.2.1-b, WAPI-6.2.1-c)', async () => {
    await using it = await world(entry('a'), entry('b', { hint: 'second' }), entry('c'));
    assert.deepEqual(await it.call({ audience: ['bank', 'shop'] }), {
      svids: [
        { spiffe_id: 'spiffe://example.org/a', svid: 'token of a', hint: '' },
        { spiffe_id: 'spiffe://example.org/b', svid: 'token of b', hint: 'second' },
        { spiffe_id: 'spiffe://example.org/c', svid: 'token of c', hint: '' },
      ],
    });
    assert.deepEqual(it.jwtSvids.asked[0], { id: 'a', audience: ['bank', 'shop'] });
  });

  it('answers with those of the SPIFFE ID that is asked for, and no others (WAPI-6.2.1-b)', async () => {
    const web = { spiffeId: SpiffeId.parse('spiffe://example.org/web') };
    await using it = await world(entry('a', web), entry('b'), entry('c', web));
    const { svids } = await it.call({ audience: ['bank'], spiffe_id: 'spiffe://example.org/web' });
    assert.deepEqual(
      svids.map(({ svid }) => svid),
      ['token of a', 'token of c'],
    );
    assert.equal(it.jwtSvids.asked.length, 2);
  });

  it('answers with one token for each hint, the oldest entry (WAPI-6.2.1-d)', async () => {
    const older = { hint: 'x', createdAt: new Date(0) };
    await using it = await world(entry('a', { hint: 'x' }), entry('b', older), entry('c'));
    const { svids } = await it.call({ audience: ['bank'] });
    assert.deepEqual(
      svids.map(({ svid, hint }) => [svid, hint]),
      [
        ['token of b', 'x'],
        ['token of c', ''],
      ],
    );
  });

  for (const audience of [[], [''], ['', '']]) {
    it(`refuses the audience ${JSON.stringify(audience)} before it looks at the caller (EV-30, WAPI-4.5-a)`, async () => {
      await using it = await world(entry('a'));
      await it.call({ audience: ['bank'] });
      assert.deepEqual(await refusal(it.call({ audience })), invalid('audience must be specified'));
      assert.equal(it.attested(), 1);
    });
  }

  for (const id of ['web', 'https://example.org/web', 'spiffe://EXAMPLE.org/web', 'spiffe://example.org/web/']) {
    it(`refuses the SPIFFE ID ${id} before it looks at the caller (EV-31)`, async () => {
      await using it = await world(entry('web'));
      await it.call({ audience: ['bank'], spiffe_id: 'spiffe://example.org/web' });
      const { code, details } = await refusal(it.call({ audience: ['bank'], spiffe_id: id }));
      assert.equal(code, status.INVALID_ARGUMENT);
      assert.match(details, /^invalid requested SPIFFE ID: /);
      assert.equal(it.attested(), 1);
    });
  }

  it('denies a caller without identity, and an identity that is not the caller’s (EV-31, EV-26, WAPI-6.2.1-f)', async () => {
    await using nobody = await world();
    assert.deepEqual(await refusal(nobody.call({ audience: ['bank'] })), noIdentity);
    await using web = await world(entry('web'));
    for (const id of ['spiffe://example.org/other', 'spiffe://other.org/web', 'spiffe://example.org/web/more']) {
      assert.deepEqual(await refusal(web.call({ audience: ['bank'], spiffe_id: id })), noIdentity);
    }
    assert.deepEqual(web.jwtSvids.asked, []);
  });

  it('fails as a whole, saying why, when one token is not to be had', async () => {
    await using it = await world(entry('a'), entry('b'));
    let count = 0;
    it.jwtSvids.answer = () => {
      if (++count === 2) throw agentError('ERR_JWT_SVID', 'could not fetch JWT-SVID: no');
      return 'token';
    };
    assert.deepEqual(await refusal(it.call({ audience: ['bank'] })), {
      code: status.UNAVAILABLE,
      details: 'could not fetch JWT-SVID: no',
    });
  });

  it('tells nothing of an error that it does not know', async () => {
    await using it = await world(entry('a'));
    it.jwtSvids.answer = () => Promise.reject(new Error('secret'));
    assert.deepEqual(await refusal(it.call({ audience: ['bank'] })), {
      code: status.INTERNAL,
      details: 'internal error',
    });
  });

  it('bounds the requests to the server that one workload causes, and says so', async () => {
    await using it = await world(entry('a'));
    const waiting: (() => void)[] = [];
    it.jwtSvids.answer = async ({ admit }) => {
      using _ = admit();
      await new Promise<void>((resolve) => waiting.push(resolve));
      return 'token';
    };
    const calls = Array.from({ length: 33 }, (_, index) => it.call({ audience: [String(index)] }));
    const results = Promise.allSettled(calls);
    const { code, details } = await refusal(Promise.race(calls));
    assert.equal(code, status.UNAVAILABLE);
    assert.match(
      details,
      /^rate limit exceeded for \/SpiffeWorkloadAPI\/FetchJWTSVID: 100 new ones a second and 32 at/,
    );
    for (const resolve of waiting) resolve();
    const answered = (await results).filter((result) => result.status === 'fulfilled');
    assert.equal(answered.length, 32);
  });
});
