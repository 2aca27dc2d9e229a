import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import type { Logger } from '@credence/sdk/runtime';
import type { Connection } from '../../../dist/api/caller.js';
import { AuditTrail, writeAudit, writeRefusal } from '../../../dist/api/interceptors/audit.js';

const connection: Connection = { kind: 'remote', token: 'remote:1', address: '127.0.0.1', peer: undefined };
const method = '/spire.api.server.agent.v1.Agent/AttestAgent';
const id = `spiffe://example.org/${'x'.repeat(2027)}`;

function recorder(): { readonly log: Logger; readonly lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const record = (fields: object): void => {
    lines.push({ ...fields });
  };
  return { lines, log: { debug: record, info: record, warn: record, error: record } };
}

describe('the audit record', () => {
  const texts = [
    { name: 'keeps the longest SPIFFE ID whole (SPIFFE-ID §2.3)', text: id, kept: 2048 },
    { name: 'cuts what is longer', text: `${id}x`.repeat(1000), kept: 2048 },
    { name: 'cuts what is no plain text sooner', text: '\u0001'.repeat(4_000_000), kept: 100 },
  ];
  for (const { name, text, kept } of texts) {
    it(name, () => {
      const { log, lines } = recorder();
      const audit = new AuditTrail();
      audit.add({ attestor: text, dns_names: [text] });
      audit.item({ fields: { entry_id: text }, outcome: { code: status.INTERNAL, message: text }, cause: new Error() });
      writeAudit(
        log,
        { method, connection, caller: { kind: 'anonymous' }, audit, requestId: 'r' },
        { code: 0, message: 'OK' },
      );
      writeRefusal(log, { method, connection }, { code: status.INTERNAL, message: text });
      const cut = text.slice(0, kept);
      const [item, failure, refusal] = lines;
      assert.equal(lines.length, 3);
      assert.deepEqual(
        [item?.['attestor'], item?.['dns_names'], item?.['entry_id'], item?.['status_message']],
        [cut, [cut], cut, cut],
      );
      assert.deepEqual([failure?.['attestor'], failure?.['entry_id']], [cut, cut]);
      assert.equal(refusal?.['status_message'], cut);
    });
  }

  it('lets nothing that a handler adds stand for what was found out about the caller', () => {
    const { log, lines } = recorder();
    const audit = new AuditTrail();
    const forged = { caller_addr: 'x', authorized_as: 'x', request_id: 'x', type: 'x', service: 'x', status: 'x' };
    audit.add(forged);
    audit.item({ fields: { ...forged, entry_id: 'e' }, outcome: { code: 0, message: 'OK' } });
    writeAudit(
      log,
      { method, connection, caller: { kind: 'anonymous' }, audit, requestId: 'r' },
      { code: 0, message: '' },
    );
    assert.deepEqual(lines, [
      {
        ...{ caller_addr: '127.0.0.1', authorized_as: 'nobody', request_id: 'r', type: 'audit', entry_id: 'e' },
        ...{ service: 'spire.api.server.agent.v1.Agent', method: 'AttestAgent', status: 'success' },
      },
    ]);
  });

  it('cuts long lists', () => {
    const { log, lines } = recorder();
    const audit = new AuditTrail();
    audit.add({ dns_names: Array.from({ length: 1000 }, (_, index) => `h${String(index)}`) });
    writeAudit(
      log,
      { method, connection, caller: { kind: 'anonymous' }, audit, requestId: 'r' },
      { code: 0, message: 'OK' },
    );
    assert.equal((lines[0]?.['dns_names'] as string[]).length, 100);
  });
});
