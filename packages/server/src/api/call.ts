// One call as a handler sees it, and how what the gate found out about the caller reaches the handler.
import type { Metadata } from '@grpc/grpc-js';
import type { AttestedAgent } from '../domain/attested-agent.js';
import type { AuditTrail } from './interceptors/audit.js';
import type { Caller, Connection } from './caller.js';

export interface Call {
  /** Full name, such as `/spire.api.server.entry.v1.Entry/GetEntry`. */
  readonly method: string;
  readonly connection: Connection;
  readonly caller: Caller;
  /** Aborts when the call has ended, for whatever reason. */
  readonly signal: AbortSignal;
  readonly deadline: Date;
  /** What the audit record of this call says beyond method and caller. */
  readonly audit: AuditTrail;
}

/** What the gate settled before the first message of a call was read. */
export interface Admission {
  readonly connection: Connection;
  readonly caller: Caller;
}

/** Admissions by the metadata object of the call, the one thing that gate and handler both see. */
export class Admissions {
  readonly #admissions = new WeakMap<Metadata, Admission>();

  admit(metadata: Metadata, admission: Admission): void {
    this.#admissions.set(metadata, admission);
  }

  /** @throws TypeError when the call did not pass the gate. */
  of(metadata: Metadata): Admission {
    const admission = this.#admissions.get(metadata);
    if (admission === undefined) throw new TypeError('the call was never admitted');
    return admission;
  }
}

/** The agent that calls. @throws TypeError when the policy lets anybody else call the method. */
export function agentOf(call: Call): AttestedAgent {
  if (call.caller.kind !== 'agent') throw new TypeError(`${call.method} was called by another than an agent`);
  return call.caller.agent;
}
