import assert from 'node:assert/strict';
import {
  agentApi,
  bundleApi,
  changesApi,
  debugApi,
  entryApi,
  explainApi,
  healthApi,
  localAuthorityApi,
  loggerApi,
  svidApi,
  trustDomainApi,
} from '@credence/sdk/wire';
import { policy } from '../../dist/api/policy.js';

const contracts = [
  debugApi,
  loggerApi,
  agentApi,
  bundleApi,
  changesApi,
  entryApi,
  explainApi,
  healthApi,
  localAuthorityApi,
  svidApi,
  trustDomainApi,
];

const defined = contracts.flatMap(({ definition }) =>
  Object.values(definition as Record<string, { path: string }>).map(({ path }) => path),
);

describe('policy', () => {
  it('names every method of the loaded contracts, and no other', () => {
    assert.deepEqual([...policy.keys()].sort(), [...new Set(defined)].sort());
  });

  it('opens to everybody what an agent needs before it has an identity, and nothing else', () => {
    const open = [...policy].filter(([, rule]) => rule === 'any').map(([method]) => method);
    assert.deepEqual(open.sort(), [
      '/spire.api.server.agent.v1.Agent/AttestAgent',
      '/spire.api.server.bundle.v1.Bundle/GetBundle',
    ]);
  });

  it('lets no method be called by nobody', () => {
    for (const [method, rule] of policy) assert.ok(rule.length > 0, method);
  });
});
