// What an operator may say about the secret discovery service.

export interface SdsRules {
  /** The name of the default identity's certificate, such as `default`. */
  readonly defaultSvidName: string;
  /** The name of the own trust domain's bundle, such as `ROOTCA`. */
  readonly defaultBundleName: string;
  /** The name of all bundles together, such as `ALL`. */
  readonly defaultAllBundlesName: string;
  /** Whether bundles are sent as plain authorities, where an Envoy's own metadata does not say otherwise. */
  readonly disableSpiffeCertValidation: boolean;
}
