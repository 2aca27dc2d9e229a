import assert from 'node:assert/strict';
import { SpiffeId, TrustDomain } from '@credence/sdk';
import { checkAgent, checkMember, checkWorkload } from '../../dist/domain/id-class.js';

describe('classes of SPIFFE IDs', () => {
  const trustDomain = TrustDomain.parse('a.org');
  const cases: { path: string; member: boolean; workload: boolean; agent: boolean }[] = [
    { path: '', member: false, workload: false, agent: false },
    { path: '/x', member: true, workload: true, agent: false },
    { path: '/spirex', member: true, workload: true, agent: false },
    { path: '/spire', member: true, workload: false, agent: false },
    { path: '/spire/server', member: true, workload: false, agent: false },
    { path: '/spire/agent', member: true, workload: false, agent: false },
    { path: '/spire/agentx/y', member: true, workload: false, agent: false },
    { path: '/spire/agent/x/y', member: true, workload: false, agent: true },
  ];
  const classes = { member: checkMember, workload: checkWorkload, agent: checkAgent };
  for (const { path, ...expected } of cases) {
    it(`"spiffe://a.org${path}" is ${JSON.stringify(expected)}`, () => {
      const id = SpiffeId.fromPath(trustDomain, path);
      for (const [name, check] of Object.entries(classes)) {
        const judge = (): void => {
          check(id, trustDomain);
        };
        if (expected[name as keyof typeof expected]) judge();
        else assert.throws(judge, { code: 'ERR_INVALID_ARGUMENT' });
      }
    });
  }

  it('is none for an ID of another trust domain', () => {
    for (const check of Object.values(classes)) {
      assert.throws(
        () => {
          check(SpiffeId.parse('spiffe://b.org/spire/agent/x/y'), trustDomain);
        },
        { message: '"spiffe://b.org/spire/agent/x/y" is not a member of trust domain "a.org"' },
      );
    }
  });
});
