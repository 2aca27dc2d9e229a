// A real spire-agent on our server gets JWT-SVIDs for its workloads, validates them, and follows forced rotations.
import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { Deployment, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { firstIdIn, forceRotation } from './forced-rotation.js';
import { endOf, program } from './programs.js';
import { RealSpireAgent } from './real-spire-agent.js';

describe('a real spire-agent on our server: JWT-SVIDs and forced rotations', function () {
  let deployment: Deployment;
  let spire: RealSpireAgent;
  const parent = ['--parent-id', `spiffe://${trustDomain}/spire-node`];

  before(async function () {
    const spireAgent = program(this, 'spire-agent');
    deployment = await Deployment.create();
    await deployment.startServer();
    await deployment.writeBundle();
    spire = await RealSpireAgent.create(deployment, spireAgent);
    await spire.start('-joinToken', await deployment.generateToken('/spire-node'));
    await deployment.createEntry('/jwt', ...parent, '--jwt-svid-ttl', '90', '--jwt-svid-include-jti');
  });
  after(() => endOf(deployment));

  /** The token that the agent gives this process, once it knows the entry. */
  const fetchToken = (): Promise<string> =>
    until(
      'a JWT-SVID',
      async () => {
        const { stdout, code } = await spire.api('fetch', 'jwt', '-audience', 'api', '-output', 'json');
        if (code !== 0) return false;
        const [{ svids }] = JSON.parse(stdout) as [{ svids: { svid: string }[] }];
        return svids[0]?.svid ?? false;
      },
      30,
    );
  const authority = (...args: string[]) => deployment.admin('localauthority', ...args);
  const validate = (token: string) => spire.api('validate', 'jwt', '-audience', 'api', '-svid', token);

  it('fetches them by the entry, and validates them by the bundle', async () => {
    const token = await fetchToken();
    const { aud, exp, iat, jti, sub, ...rest } = decodeJwt(token);
    assert.deepEqual([aud, sub, exp! - iat!, rest], [['api'], `spiffe://${trustDomain}/jwt`, 90, {}]);
    assert.match(jti!, /^[\w-]{22}$/);
    const { stdout, stderr, code } = await validate(token);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^SVID is valid\.\nSPIFFE ID : spiffe:\/\/example\.org\/jwt\n/);
    const forged = await validate(`${token.slice(0, -6)}${token.endsWith('AAAAAA') ? 'BBBBBB' : 'AAAAAA'}`);
    assert.notEqual(forged.code, 0);
  });

  it('replaces what a tainted JWT authority signed, and refuses it once the authority is revoked', async () => {
    const old = await fetchToken();
    const first = firstIdIn(await authority('jwt', 'show'));
    await authority('jwt', 'activate', '-authorityID', firstIdIn(await authority('jwt', 'prepare')));
    await authority('jwt', 'taint', '-authorityID', first);
    await until('another token', async () => (await fetchToken()) !== old, 30);
    await authority('jwt', 'revoke', '-authorityID', first);
    await until('the old token to be refused', async () => (await validate(old)).code !== 0, 30);
    assert.equal((await validate(await fetchToken())).code, 0);
  });

  it('replaces what a tainted X.509 authority signed, its own SVID too, and goes on without that authority', async () => {
    await forceRotation({ authority, socket: spire.socket, own: () => spire.svid() });
    await deployment.createEntry('/late', ...parent);
    await until('what is created then', async () => (await spire.api('fetch', 'x509')).stdout.includes('/late'), 30);
    assert.equal((await validate(await fetchToken())).code, 0);
  });
});
