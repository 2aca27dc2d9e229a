// `localauthority jwt …`: the server's JWT authorities.
import { authorityCommands, type AuthorityCommands } from './commands.js';

export const commands: AuthorityCommands = authorityCommands({
  name: 'JWT',
  hasUpstream: false,
  showFailure: undefined,
  show: (client, request, done) => client.GetJWTAuthorityState(request, done),
  prepare: (client, request, done) => client.PrepareJWTAuthority(request, done),
  activate: (client, request, done) => client.ActivateJWTAuthority(request, done),
  taint: (client, request, done) => client.TaintJWTAuthority(request, done),
  revoke: (client, request, done) => client.RevokeJWTAuthority(request, done),
});
