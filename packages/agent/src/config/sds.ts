// The part of the configuration about Envoy's secret discovery service, and which services the public socket has.
import { unknownKeys } from '@credence/sdk/daemon';
import { z } from 'zod';
import { defaultAgentSettings, type PublicServices, type SdsSettings } from '../settings.js';

const secretName = z.string().min(1, 'an empty name; the name that Envoy asks for is accepted').optional();
const sdsKeys = {
  default_svid_name: secretName,
  default_bundle_name: secretName,
  default_all_bundles_name: secretName,
  disable_spiffe_cert_validation: z.boolean().optional(),
};

const { defaultBundleName, defaultAllBundlesName } = defaultAgentSettings.sds;
// One name has one secret: of two bundles the second would never be served.
const sdsSchema = z
  .strictObject(sdsKeys, unknownKeys(sdsKeys))
  .refine(
    ({ default_bundle_name: own = defaultBundleName, default_all_bundles_name: all = defaultAllBundlesName }) =>
      own !== all,
    {
      path: ['default_all_bundles_name'],
      message: `the same as default_bundle_name, which is ${defaultBundleName} unless it is given; two names are accepted`,
    },
  );

/** Keys of the section `agent`. */
export const sdsShape = {
  sds: sdsSchema,
  disable_workload_api: z.boolean(),
  disable_sds_api: z.boolean(),
};

type Keys = { readonly [Key in keyof typeof sdsShape]?: z.output<(typeof sdsShape)[Key]> | undefined };

export function publicServicesOf(keys: Keys): { readonly sds: SdsSettings; readonly services: PublicServices } {
  const { sds, services } = defaultAgentSettings;
  return {
    sds: {
      defaultSvidName: keys.sds?.default_svid_name ?? sds.defaultSvidName,
      defaultBundleName: keys.sds?.default_bundle_name ?? sds.defaultBundleName,
      defaultAllBundlesName: keys.sds?.default_all_bundles_name ?? sds.defaultAllBundlesName,
      disableSpiffeCertValidation: keys.sds?.disable_spiffe_cert_validation ?? sds.disableSpiffeCertValidation,
    },
    services: {
      workloadApi: !(keys.disable_workload_api ?? !services.workloadApi),
      sds: !(keys.disable_sds_api ?? !services.sds),
    },
  };
}
