import assert from 'node:assert/strict';
import { rpcName } from '../../dist/telemetry/rpc-name.js';

const names = {
  '/spire.api.server.agent.v1.Agent/AttestAgent': 'agent_v1_agent_attest_agent',
  '/spire.api.server.svid.v1.SVID/BatchNewX509SVID': 'svid_v1_svid_batch_new_x509svid',
  '/spire.api.server.svid.v1.SVID/NewJWTSVID': 'svid_v1_svid_new_jwtsvid',
  '/spire.api.server.svid.v1.SVID/NewDownstreamX509CA': 'svid_v1_svid_new_downstream_x509ca',
  '/spire.api.server.entry.v1.Entry/SyncAuthorizedEntries': 'entry_v1_entry_sync_authorized_entries',
  '/spire.api.server.localauthority.v1.LocalAuthority/GetX509AuthorityState':
    'localauthority_v1_local_authority_get_x509_authority_state',
  '/grpc.health.v1.Health/Check': 'health_check',
};

describe('the name of a call in metrics', () => {
  for (const [method, name] of Object.entries(names)) {
    it(`is that of SPIRE: ${name}`, () => {
      assert.equal(rpcName(method), name);
    });
  }
});
