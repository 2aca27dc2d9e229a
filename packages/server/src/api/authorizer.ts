// Decides whether a connection may call a method, and as what. First match wins, in the order below; whatever is not
// matched is refused.
import { status } from '@grpc/grpc-js';
import type { SpiffeId } from '@credence/sdk';
import { StatusError } from '@credence/sdk/wire';
import type { CallerGrants } from '../registration/ports.js';
import { deniedText, requireAgent, type AgentCheckPorts } from './agent-check.js';
import type { Caller, Connection, PeerSvid } from './caller.js';
import { policy, type CallerClass } from './policy.js';

export interface AuthorizerOptions extends AgentCheckPorts {
  readonly grants: CallerGrants;
  /** Administrators by configuration. */
  readonly adminIds: readonly SpiffeId[];
}

export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #adminIds: ReadonlySet<string>;

  constructor(options: AuthorizerOptions) {
    this.#options = options;
    this.#adminIds = new Set(options.adminIds.map(String));
  }

  /**
   * Answers what the caller counts as for this call.
   *
   * @param method full name with the leading slash
   * @throws StatusError PERMISSION_DENIED, with PermissionDeniedDetails when the agent check refused
   */
  async authorize(method: string, connection: Connection): Promise<Caller> {
    const rule = policy.get(method);
    if (rule === undefined) throw denied(method);
    if (rule === 'any') return { kind: 'anonymous' };
    if (connection.kind === 'local') {
      // The admin socket never passes as an agent or a downstream server.
      if (rule.includes('local')) return { kind: 'local' };
      throw denied(method);
    }
    if (connection.peer === undefined) throw denied(method);
    return this.#authorizePeer(method, rule, connection.peer);
  }

  async #authorizePeer(method: string, rule: readonly CallerClass[], peer: PeerSvid): Promise<Caller> {
    const { grants, clock } = this.#options;
    const { id } = peer;
    // The handshake proved validity once; the connection may have outlived the SVID since.
    const alive = peer.expiresAt > clock.now();
    if (alive && rule.includes('admin')) {
      if (this.#adminIds.has(id.toString())) return { kind: 'admin', id, via: 'config' };
      if (grants.isAdmin(id)) return { kind: 'admin', id, via: 'entries' };
    }
    if (alive && rule.includes('downstream')) {
      const entries = grants.downstreamEntries(id);
      if (entries.length > 0) return { kind: 'downstream', id, entries };
    }
    if (!rule.includes('agent')) throw denied(method);
    return { kind: 'agent', agent: await requireAgent(method, peer, this.#options) };
  }
}

function denied(method: string): StatusError {
  return new StatusError(status.PERMISSION_DENIED, deniedText(method));
}
