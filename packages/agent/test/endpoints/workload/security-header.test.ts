import assert from 'node:assert/strict';
import type { ClientHttp2Session, OutgoingHttpHeaders } from 'node:http2';
import { connectRaw, rawCall } from '../../support/raw-call.js';
import { TestEndpoint } from '../../support/endpoint.js';
import { FakeWorkloadSnapshots, snapshot } from '../../support/fake-workload-snapshots.js';

const OK_WITHOUT_IDENTITY = 7;
const INVALID_ARGUMENT = 3;
const UNIMPLEMENTED = 12;
const UNSUPPORTED_MEDIA_TYPE = 415;

const fetch = '/SpiffeWorkloadAPI/FetchX509SVID';
const accepted: readonly { name: string; headers: OutgoingHttpHeaders }[] = [
  { name: 'accepts true', headers: { 'workload.spiffe.io': 'true' } },
  { name: 'accepts the name in any case (EV-22)', headers: { 'Workload.Spiffe.Io': 'true' } },
];
const refused: readonly { name: string; headers: OutgoingHttpHeaders }[] = [
  { name: 'refuses a call without it (EV-19)', headers: {} },
  ...['false', 'True', 'TRUE', '1', '', 'true,', 'true true', ' true', 'true '].map((value) => ({
    name: `refuses ${JSON.stringify(value)} (EV-20)`,
    headers: { 'workload.spiffe.io': value },
  })),
  { name: 'refuses true twice (EV-21)', headers: { 'workload.spiffe.io': ['true', 'true'] } },
  { name: 'refuses true and false (EV-21)', headers: { 'workload.spiffe.io': ['true', 'false'] } },
  { name: 'refuses another header', headers: { 'broker.spiffe.io': 'true' } },
];
const methods = [
  'FetchX509SVID',
  'FetchX509Bundles',
  'FetchJWTSVID',
  'FetchJWTBundles',
  'ValidateJWTSVID',
  'FetchWITSVID',
  'FetchWITBundles',
];

describe('the security header (SPIFFE Workload Endpoint §3)', () => {
  let endpoint: TestEndpoint;
  let session: ClientHttp2Session;
  let attested = 0;

  before(async () => {
    const attest = (): Promise<[]> => {
      attested++;
      return Promise.resolve([]);
    };
    endpoint = await TestEndpoint.start({
      snapshots: new FakeWorkloadSnapshots(snapshot([])),
      attestation: { attest },
    });
    session = connectRaw(endpoint.socketPath);
  });

  after(async () => {
    session.destroy();
    await endpoint[Symbol.asyncDispose]();
  });

  beforeEach(() => {
    attested = 0;
  });

  for (const { name, headers } of accepted) {
    it(name, async () => {
      assert.equal((await rawCall(session, fetch, headers)).grpcStatus, OK_WITHOUT_IDENTITY);
      assert.equal(attested, 1);
    });
  }

  for (const { name, headers } of refused) {
    it(name, async () => {
      const answer = await rawCall(session, fetch, headers);
      assert.equal(answer.grpcStatus, INVALID_ARGUMENT);
      assert.equal(answer.message, 'security header missing from request');
      assert.equal(attested, 0);
    });
  }

  for (const method of methods) {
    it(`guards ${method} before anything else (WEP-3-f, WEP-6-a)`, async () => {
      const answer = await rawCall(session, `/SpiffeWorkloadAPI/${method}`, {});
      assert.equal(answer.grpcStatus, INVALID_ARGUMENT);
      assert.equal(answer.bytes, 0);
    });
  }

  for (const method of methods.filter((name) => name.includes('WIT'))) {
    it(`answers ${method} with UNIMPLEMENTED behind it (EV-29, WAPI-1-c)`, async () => {
      const answer = await rawCall(session, `/SpiffeWorkloadAPI/${method}`, { 'workload.spiffe.io': 'true' });
      assert.equal(answer.grpcStatus, UNIMPLEMENTED);
    });
  }

  for (const path of [
    '/SpiffeWorkloadAPI/Nonsense',
    '/spiffe.workload.SpiffeWorkloadAPI/FetchX509SVID',
    '//SpiffeWorkloadAPI/FetchX509SVID',
  ]) {
    it(`answers ${path} with UNIMPLEMENTED, whatever the header (EV-28)`, async () => {
      for (const headers of [{}, { 'workload.spiffe.io': 'true' }]) {
        assert.equal((await rawCall(session, path, headers)).grpcStatus, UNIMPLEMENTED);
        assert.equal(attested, 0);
      }
    });
  }

  it('does not guard health (EV-24)', async () => {
    assert.equal((await rawCall(session, '/grpc.health.v1.Health/Check', {})).grpcStatus, 0);
  });

  it('gives nothing to a plain GET (EV-23)', async () => {
    const answer = await rawCall(session, fetch, { ':method': 'GET', 'content-type': 'text/html' });
    assert.equal(answer.httpStatus, UNSUPPORTED_MEDIA_TYPE);
    assert.equal(answer.bytes, 0);
  });
});
