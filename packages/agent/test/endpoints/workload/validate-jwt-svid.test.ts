import assert from 'node:assert/strict';
import { status, type ServiceError } from '@grpc/grpc-js';
import { ManualClock, TestCa } from '@credence/sdk/testing';
import type { Struct__Output } from '@credence/sdk/wire/gen/google/protobuf/Struct.js';
import type { ValidateJWTSVIDResponse__Output } from '@credence/sdk/wire/gen/ValidateJWTSVIDResponse.js';
import type { WorkloadApiRules } from '../../../dist/endpoints/workload/serve-caller.js';
import { agentError } from '../../../dist/domain/errors.js';
import { header, TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, identity, snapshot, trustBundle } from '../../support/fake-workload-snapshots.js';

const id = 'spiffe://example.org/web';
const audience = 'bank';
const clock = new ManualClock();
const issuedAt = clock.now();
const minute = 60_000;

function plain(claims: Struct__Output | null): unknown {
  const value = (of: Struct__Output['fields'][string]): unknown => {
    if (of.listValue) return of.listValue.values.map(value);
    if (of.structValue) return plain(of.structValue);
    return of.stringValue ?? of.numberValue ?? of.boolValue ?? null;
  };
  return Object.fromEntries(Object.entries(claims?.fields ?? {}).map(([name, field]) => [name, value(field)]));
}

describe('ValidateJWTSVID (SPIFFE Workload API §6.2.3)', () => {
  let own: TestCa;
  let foreign: TestCa;

  before(async () => {
    own = await TestCa.create('example.org');
    foreign = await TestCa.create('a.test');
  });

  // As if for a caller without identity when nothing is federated.
  async function validate(
    svid: string,
    options: { audience?: string; federated?: boolean; rules?: Partial<WorkloadApiRules> } = {},
  ): Promise<ValidateJWTSVIDResponse__Output> {
    const { federated = false, rules = {} } = options;
    const bundle = { ...trustBundle('example.org', 'root'), jwtBundle: own.jwtBundle() };
    const others = federated ? [{ ...trustBundle('a.test', 'root'), jwtBundle: foreign.jwtBundle() }] : [];
    const of = snapshot(federated ? [identity('a')] : [], { bundle, federated: others });
    await using endpoint = await TestEndpoint.start({ snapshots: new FakeWorkloadSnapshots(of), clock, rules });
    return await new Promise((resolve, reject) => {
      const request = { audience: options.audience ?? audience, svid };
      endpoint.client.ValidateJWTSVID(request, header(), (error, response) => {
        if (error !== null || response === undefined) reject(error ?? new Error('no response'));
        else resolve(response);
      });
    });
  }

  async function refused(svid: string, says: RegExp, options: Parameters<typeof validate>[1] = {}): Promise<void> {
    await assert.rejects(validate(svid, options), (error: ServiceError) => {
      assert.equal(error.code, status.INVALID_ARGUMENT);
      assert.match(error.details, says);
      return true;
    });
  }

  it('answers who it is and all that the token says, to callers without identity too (WAPI-6.2.3-a, WAPI-6.2.3-b)', async () => {
    const claims = { n: 1.5, s: 'ä', t: true, o: { deep: [null, { x: [] }] }, ['__proto__x']: 1 };
    const token = await own.jwtToken(id, { audience: [audience, 'shop'], issuedAt, claims });
    const { spiffe_id, claims: told } = await validate(token);
    const iat = issuedAt.getTime() / 1000;
    assert.equal(spiffe_id, id);
    assert.deepEqual(plain(told), { ...claims, sub: id, aud: [audience, 'shop'], iat, exp: iat + 300 });
  });

  it('tells a single audience as a list', async () => {
    const token = await own.jwtToken(id, { audience, issuedAt, claims: { aud: audience } });
    const { claims } = await validate(token);
    assert.deepEqual((plain(claims) as { aud: unknown }).aud, [audience]);
  });

  it('refuses a request without audience, or without token (EV-32, WAPI-4.5-a, WAPI-6.2.3-d)', async () => {
    const token = await own.jwtToken(id, { audience, issuedAt });
    await validate(token);
    await refused(token, /^audience must be specified$/, { audience: '' });
    await refused('', /^svid must be specified$/);
  });

  it('refuses a token that does not verify, and says why (EV-32)', async () => {
    const good = await own.jwtToken(id, { audience, issuedAt });
    await validate(good);
    const token = (options: Parameters<TestCa['jwtToken']>[1]): Promise<string> => own.jwtToken(id, options);
    const long = new Date(issuedAt.getTime() - 10 * minute);
    await refused('no token', /^JWT-SVID /);
    await refused(good, /is for none of/, { audience: 'shop' });
    await refused(await token({ audience, issuedAt: long }), /expired at/);
    await refused(await token({ audience, issuedAt, header: { kid: undefined } }), /has no "kid"/);
    await refused(await token({ audience, issuedAt, header: { kid: 'other' } }), /signed by no key/);
    await refused(await token({ audience, issuedAt, header: { alg: 'none' } }), /"alg"/);
    await refused(await token({ audience, issuedAt, claims: { exp: undefined } }), /no "exp"/);
    await refused(await token({ audience, issuedAt, key: foreign.jwtKey }), /signature/);
  });

  it('allows the clocks to differ by a minute, at both ends and no further', async () => {
    const at = (ms: number): Date => new Date(issuedAt.getTime() + ms);
    const issued = (from: Date, to: Date): Promise<string> =>
      own.jwtToken(id, { audience, issuedAt: from, expiresAt: to, claims: { nbf: from.getTime() / 1000 } });
    await validate(await issued(at(-5 * minute), at(-minute + 1000)));
    await refused(await issued(at(-5 * minute), at(-minute)), /expired/);
    await validate(await issued(at(minute), at(5 * minute)));
    await refused(await issued(at(minute + 1000), at(5 * minute)), /not valid before|in the future/);
  });

  it('verifies a foreign token for whoever federates, and tells only what makes it an SVID (EV-33, WAPI-6.2.3-c)', async () => {
    const claims = { group: 'staff', secret: 'x' };
    const token = await foreign.jwtToken('spiffe://a.test/db', { audience, issuedAt, claims });
    const exp = issuedAt.getTime() / 1000 + 300;
    const { spiffe_id, claims: told } = await validate(token, { federated: true });
    assert.equal(spiffe_id, 'spiffe://a.test/db');
    assert.deepEqual(plain(told), { sub: 'spiffe://a.test/db', aud: [audience], exp });
    const rules = { allowedForeignJwtClaims: ['group'] };
    assert.deepEqual(plain((await validate(token, { federated: true, rules })).claims), {
      sub: 'spiffe://a.test/db',
      aud: [audience],
      exp,
      group: 'staff',
    });
    await refused(token, /cannot be verified/);
  });

  it('does not let a federated trust domain speak for the own one', async () => {
    const token = await foreign.jwtToken('spiffe://a.test/db', { audience, issuedAt });
    await validate(token, { federated: true });
    await refused(
      await foreign.jwtToken('spiffe://a.test/db', { audience, issuedAt, claims: { sub: id } }),
      /signed by/,
      {
        federated: true,
      },
    );
  });

  it('does not look at the token of a caller that cannot be attested', async () => {
    const attest = (): Promise<never> => Promise.reject(agentError('ERR_ATTESTATION', 'no'));
    const snapshots = new FakeWorkloadSnapshots(snapshot([]));
    await using endpoint = await TestEndpoint.start({ snapshots, attestation: { attest } });
    const error = await new Promise<ServiceError | null>((resolve) => {
      endpoint.client.ValidateJWTSVID({ audience, svid: 'x' }, header(), (failure) => {
        resolve(failure);
      });
    });
    assert.deepEqual([error?.code, error?.details], [status.UNAVAILABLE, 'workload attestation failed']);
  });
});
