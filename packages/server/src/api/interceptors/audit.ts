// The audit record: one line for each administrative or issuing call, one for each item of a batch, with who called,
// under which right, and how it ended. Never a secret, never a payload, and of what a client wrote never more than a line.
import { status } from '@grpc/grpc-js';
import type { Logger } from '@credence/sdk/runtime';
import type { Call } from '../call.js';
import type { Caller } from '../caller.js';

/** How a call or an item of it ended. */
export interface Outcome {
  readonly code: number;
  readonly message: string;
}

export interface AuditItem {
  readonly fields: object;
  readonly outcome: Outcome;
  /** What was held back from the caller and belongs in the log. */
  readonly cause?: unknown;
}

/** What a handler adds to the record of its call. */
export class AuditTrail {
  readonly fields: Record<string, unknown> = {};
  readonly items: AuditItem[] = [];

  /** Facts of the whole call. */
  add(fields: object): void {
    Object.assign(this.fields, fields);
  }

  /** The outcome of one item of a batch. */
  item(item: AuditItem): void {
    this.items.push(item);
  }
}

// Called by every agent every few seconds, or by health checks: worth a line only when refused or failed.
const routine: ReadonlySet<string> = new Set([
  '/spire.api.server.bundle.v1.Bundle/GetBundle',
  '/spire.api.server.bundle.v1.Bundle/GetFederatedBundle',
  '/spire.api.server.entry.v1.Entry/GetAuthorizedEntries',
  '/spire.api.server.entry.v1.Entry/SyncAuthorizedEntries',
  '/spire.api.server.agent.v1.Agent/PostStatus',
  '/credence.server.v1.Changes/GetEntries',
  '/grpc.health.v1.Health/Check',
]);

/** Writes the record of a call that has ended. */
export function writeAudit(
  log: Logger,
  call: Pick<Call, 'method' | 'connection' | 'caller' | 'audit'> & { readonly requestId: string },
  outcome: Outcome,
): void {
  const { fields, items } = call.audit;
  // A handler's own fields come first: none stands for what was found out about the caller.
  const head = cut({ ...fields, type: 'audit', request_id: call.requestId, ...callFields(call) });
  const write = (line: object, { code, message }: Outcome): void => {
    const level = routine.has(call.method) && code === 0 ? 'debug' : 'info';
    log[level]({ ...cut(line), ...head, ...cut(outcomeFields(code, message)) }, 'api accessed');
  };
  if (items.length === 0) write({}, outcome);
  for (const item of items) {
    write(item.fields, item.outcome);
    if (item.cause !== undefined) log.error({ err: item.cause, ...cut(item.fields), ...head }, 'api call failed');
  }
}

/** Writes the record of a call that the gate refused. */
export function writeRefusal(log: Logger, call: Pick<Call, 'method' | 'connection'>, outcome: Outcome): void {
  const line = { type: 'audit', ...callFields(call), ...outcomeFields(outcome.code, outcome.message) };
  log.warn(cut(line), 'api call refused');
}

// A SPIFFE ID is at most so long, and plain ASCII (SPIFFE-ID §2.3); anything else may grow sixfold as JSON.
const longestText = 2048;
const longestForeignText = 100;
const mostItems = 100;

/** The fields with every text and every list cut to what a record may hold. */
function cut(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cutValue(value)]));
}

function cutValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, mostItems).map(cutValue);
  if (typeof value !== 'string') return value;
  const text = value.slice(0, longestText);
  return /^[\x20-\x7e]*$/.test(text) ? text : text.slice(0, longestForeignText);
}

function outcomeFields(code: number, message: string): object {
  if (code === 0) return { status: 'success' };
  return { status: 'error', status_code: status[code], status_message: message };
}

function callFields({ method, connection, caller }: Pick<Call, 'method' | 'connection'> & Partial<Call>): object {
  const [, service, name] = method.split('/');
  const called = { service, method: name, ...(caller === undefined ? {} : authorizedFields(caller)) };
  if (connection.kind === 'local') {
    const { uid, gid, pid, path } = connection;
    return { ...called, caller_uid: uid, caller_gid: gid, caller_pid: pid, caller_path: path };
  }
  const id = connection.peer?.id.toString();
  return { ...called, caller_addr: connection.address, ...(id === undefined ? {} : { caller_id: id }) };
}

/** As what the caller was let in, and by which record. */
function authorizedFields(caller: Caller): object {
  if (caller.kind === 'anonymous') return { authorized_as: 'nobody' };
  return { authorized_as: caller.kind, authorized_via: caller.kind === 'admin' ? caller.via : via[caller.kind] };
}

const via = { local: 'transport', downstream: 'entries', agent: 'datastore' } as const;
