// The names that SPIRE's dashboards know the calls by.

/**
 * `/spire.api.server.svid.v1.SVID/BatchNewX509SVID` → `svid_v1_svid_batch_new_x509svid`; a word begins with a capital
 * letter that has a small one before or after it.
 */
export function rpcName(method: string): string {
  const [, service = '', name = ''] = method.split('/');
  const path = service.replace(/^spire\.api\.server\./, '').replace(/^grpc\.health\.v1\./, '');
  return [...path.split('.'), name].map(snakeCase).join('_');
}

function snakeCase(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])|(?<=[^_])(?=[A-Z][a-z])/g, '_').toLowerCase();
}
