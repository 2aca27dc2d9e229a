// Who may call which method: a server interceptor with one rule a method. What no rule names is refused.
import { ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';
import { sdkError } from '../runtime/index.js';
import { checkAuthorized, type Authorizer } from '../tls/authorizer.js';
import { peerOfCall } from './caller.js';
import { refusalOf, refusedCall, reportRefusal, type RefusalOptions } from './refusal.js';

/** By method, `/package.Service/Method`, or for the rest of a service, `/package.Service/*`. */
export type MethodRules = Readonly<Record<string, Authorizer>>;

export type AuthorizeMethodsOptions = RefusalOptions;

const ruleName = /^\/[^/*]+\/([^/*]+|\*)$/;

/**
 * An interceptor for `new Server({ interceptors: [authorizeMethods(rules)] })`. A caller without a verified peer gets
 * UNAUTHENTICATED; one whom the rule of the method refuses, and every caller of a method without a rule, gets
 * PERMISSION_DENIED.
 *
 * @throws TypeError for a rule whose name is neither a method nor a service.
 */
export function authorizeMethods(rules: MethodRules, options: AuthorizeMethodsOptions = {}): ServerInterceptor {
  const byName = new Map(Object.entries(rules));
  for (const name of byName.keys()) {
    if (!ruleName.test(name))
      throw new TypeError(`rule "${name}": expected /package.Service/Method or /package.Service/*`);
  }
  return ({ path }, call) => {
    try {
      const peer = peerOfCall(call);
      if (peer === undefined) throw unauthenticated();
      const rule = byName.get(path) ?? byName.get(path.replace(/[^/]*$/, '*')) ?? refuseAll;
      checkAuthorized(rule, peer);
      return new ServerInterceptingCall(call);
    } catch (error) {
      reportRefusal(call, path, error, options);
      return refusedCall(call, refusalOf(error, path));
    }
  };
}

const refuseAll: Authorizer = () => new Error('no rule names the method');

function unauthenticated(): Error {
  return sdkError('ERR_SPIFFE_UNAUTHENTICATED', 'the connection has no verified peer');
}
