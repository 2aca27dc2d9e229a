// A real spire-agent on our server gets JWT-SVIDs for its workloads, validates them, and follows forced rotations.
import assert from 'node:assert/strict';
import { decodeJwt } from 'jose';
import { X509Source } from '@credence/sdk';
import { Deployment, trustDomain } from '../support/deployment.js';
import { until } from '../support/until.js';
import { program } from './programs.js';
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
  after(() => deployment[Symbol.asyncDispose]());

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
    const first = await idOf('jwt', 'show');
    await deployment.admin('localauthority', 'jwt', 'activate', '-authorityID', await idOf('jwt', 'prepare'));
    await deployment.admin('localauthority', 'jwt', 'taint', '-authorityID', first);
    await until('another token', async () => (await fetchToken()) !== old, 30);
    await deployment.admin('localauthority', 'jwt', 'revoke', '-authorityID', first);
    await until('the old token to be refused', async () => (await validate(old)).code !== 0, 30);
    assert.equal((await validate(await fetchToken())).code, 0);
  });

  it('replaces what a tainted X.509 authority signed, its own SVID too, and goes on without that authority', async () => {
    await using source = await X509Source.create({ address: `unix://${spire.socket}` });
    const signer = (): string => source.getX509Svid().leaf.authorityKeyId!.toString('hex');
    const first = await idOf('x509', 'show');
    assert.equal(signer(), first);
    const next = await idOf('x509', 'prepare');
    const roots = (): string[] =>
      source
        .getX509BundleForTrustDomain(source.getX509Svid().id.trustDomain)
        .authorities.map(({ subjectKeyId }) => subjectKeyId!.toString('hex'));
    await until('the new authority to be known', () => roots().includes(next), 30);
    await deployment.admin('localauthority', 'x509', 'activate', '-authorityID', next);
    await deployment.admin('localauthority', 'x509', 'taint', '-authorityID', first);
    await until('an SVID of the new authority', () => signer() === next, 30);
    const own = async (): Promise<boolean> => (await spire.svid())?.authorityKeyId?.toString('hex') === next;
    await until('an SVID of the agent of the new authority', own, 30);
    await deployment.admin('localauthority', 'x509', 'revoke', '-authorityID', first);
    await until('the old authority to be unknown', () => roots().length === 1, 30);
    assert.deepEqual(roots(), [next]);
    await deployment.createEntry('/late', ...parent);
    await until('what is created then', async () => (await spire.api('fetch', 'x509')).stdout.includes('/late'), 30);
    assert.equal((await validate(await fetchToken())).code, 0);
  });

  /** The first authority that the command names. */
  async function idOf(kind: string, verb: string): Promise<string> {
    return /Authority ID: (\w+)/.exec(await deployment.admin('localauthority', kind, verb))![1]!;
  }
});
