// `localauthority x509 …`: the server's X.509 authorities.
import { authorityCommands, type AuthorityCommands } from './commands.js';

export const commands: AuthorityCommands = authorityCommands({
  name: 'X.509',
  hasUpstream: true,
  showFailure: 'could not get X.509 authorities',
  show: (client, request, done) => client.GetX509AuthorityState(request, done),
  prepare: (client, request, done) => client.PrepareX509Authority(request, done),
  activate: (client, request, done) => client.ActivateX509Authority(request, done),
  taint: (client, request, done) => client.TaintX509Authority(request, done),
  revoke: (client, request, done) => client.RevokeX509Authority(request, done),
});
