// Files of fetched X.509-SVIDs: certificates that anyone may read, keys that only the caller may.
import { join } from 'node:path';
import type { X509Bundle } from '@credence/sdk';
import { exportPrivateKey } from '@credence/sdk/keys';
import { writeFileAtomic } from '@credence/sdk/runtime';
import { toPem } from '@credence/sdk/x509';
import type { FetchedX509 } from './x509-response.js';

interface OutputFile {
  readonly what: string;
  readonly name: string;
  readonly content: string;
  readonly mode: number;
}

/** Writes svid.<i>.pem, svid.<i>.key, bundle.<i>.pem and federated_bundle.<i>.<j>.pem; says so line by line. */
export async function writeX509(fetched: FetchedX509, directory: string, say: (line: string) => void): Promise<void> {
  for (const { what, name, content, mode } of filesOf(fetched)) {
    const path = join(directory, name);
    say(`Writing ${what} to file ${path}.`);
    await writeFileAtomic(path, content, mode);
  }
}

function filesOf({ svids, federatedBundles }: FetchedX509): readonly OutputFile[] {
  return svids.flatMap(({ svid, bundle }, i) => [
    { what: `SVID #${i}`, name: `svid.${i}.pem`, content: pemOf(svid.certificates), mode: 0o644 },
    {
      what: `key #${i}`,
      name: `svid.${i}.key`,
      content: toPem(exportPrivateKey(svid.privateKey), 'PRIVATE KEY'),
      mode: 0o600,
    },
    { what: `bundle #${i}`, name: `bundle.${i}.pem`, content: pemOf(bundle.authorities), mode: 0o644 },
    ...federatedBundles.map((federated, j) => ({
      what: `federated bundle #${j} for trust domain ${federated.trustDomain.name}`,
      name: `federated_bundle.${i}.${j}.pem`,
      content: pemOf(federated.authorities),
      mode: 0o644,
    })),
  ]);
}

function pemOf(certificates: X509Bundle['authorities']): string {
  return certificates.map(({ raw }) => toPem(raw, 'CERTIFICATE')).join('');
}
