// Who may call what: every method of every service, also of those that answer UNIMPLEMENTED. A method that is not here
// is refused to everybody.

/** A class of callers that a method may be open to. */
export type CallerClass = 'local' | 'admin' | 'agent' | 'downstream';

/** `any`: no check at all, anonymous callers included. */
export type Rule = 'any' | readonly CallerClass[];

const local = ['local'] as const;
const administrators = ['local', 'admin'] as const;
const agents = ['agent'] as const;
const downstreams = ['downstream'] as const;
const administratorsAndAgents = ['local', 'admin', 'agent'] as const;

const services: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  'spire.api.server.entry.v1.Entry': {
    CountEntries: administrators,
    ListEntries: administrators,
    GetEntry: administrators,
    BatchCreateEntry: administrators,
    BatchUpdateEntry: administrators,
    BatchDeleteEntry: administrators,
    GetAuthorizedEntries: agents,
    SyncAuthorizedEntries: agents,
  },
  'spire.api.server.agent.v1.Agent': {
    CountAgents: administrators,
    ListAgents: administrators,
    GetAgent: administrators,
    DeleteAgent: administrators,
    BanAgent: administrators,
    CreateJoinToken: administrators,
    AttestAgent: 'any',
    RenewAgent: agents,
    PostStatus: agents,
  },
  'spire.api.server.svid.v1.SVID': {
    MintX509SVID: administrators,
    MintJWTSVID: administrators,
    MintWITSVID: administrators,
    BatchNewX509SVID: agents,
    NewJWTSVID: agents,
    BatchNewWITSVID: agents,
    NewDownstreamX509CA: downstreams,
  },
  'spire.api.server.bundle.v1.Bundle': {
    GetBundle: 'any',
    GetFederatedBundle: administratorsAndAgents,
    PublishJWTAuthority: downstreams,
    PublishWITAuthority: downstreams,
    CountBundles: administrators,
    AppendBundle: administrators,
    ListFederatedBundles: administrators,
    BatchCreateFederatedBundle: administrators,
    BatchUpdateFederatedBundle: administrators,
    BatchSetFederatedBundle: administrators,
    BatchDeleteFederatedBundle: administrators,
  },
  'spire.api.server.trustdomain.v1.TrustDomain': {
    ListFederationRelationships: administrators,
    GetFederationRelationship: administrators,
    BatchCreateFederationRelationship: administrators,
    BatchUpdateFederationRelationship: administrators,
    BatchDeleteFederationRelationship: administrators,
    RefreshBundle: administrators,
  },
  'credence.server.v1.Changes': { WatchChanges: agents, GetEntries: agents },
  'credence.server.v1.Explain': { ExplainEntries: local },
  'spire.api.server.localauthority.v1.LocalAuthority': {
    GetX509AuthorityState: administrators,
    PrepareX509Authority: administrators,
    ActivateX509Authority: administrators,
    TaintX509Authority: administrators,
    RevokeX509Authority: administrators,
    TaintX509UpstreamAuthority: administrators,
    RevokeX509UpstreamAuthority: administrators,
    GetJWTAuthorityState: administrators,
    PrepareJWTAuthority: administrators,
    ActivateJWTAuthority: administrators,
    TaintJWTAuthority: administrators,
    RevokeJWTAuthority: administrators,
    GetWITAuthorityState: administrators,
    PrepareWITAuthority: administrators,
    ActivateWITAuthority: administrators,
    TaintWITAuthority: administrators,
    RevokeWITAuthority: administrators,
  },
  'spire.api.server.debug.v1.Debug': { GetInfo: local },
  'spire.api.server.logger.v1.Logger': { GetLogger: local, SetLogLevel: local, ResetLogLevel: local },
  'grpc.health.v1.Health': { Check: local, List: local, Watch: local },
};

/** The rule of each method by its full name, such as `/spire.api.server.entry.v1.Entry/GetEntry`. */
export const policy: ReadonlyMap<string, Rule> = new Map(
  Object.entries(services).flatMap(([service, methods]) =>
    Object.entries(methods).map(([method, rule]) => [`/${service}/${method}`, rule] as const),
  ),
);
