// What the three services share: become the user that the registration entry names, then ask who we are.
import { WorkloadApiClient, X509Source } from '@credence/sdk';

/** The source of this process's identity: of its user ID when started as root, by its hint otherwise. */
export async function openIdentity(hint) {
  const client = new WorkloadApiClient(); // the address is in SPIFFE_ENDPOINT_SOCKET
  const uid = Number(process.env.DEMO_UID ?? 0);
  if (uid === 0) return X509Source.create({ client, hint, timeoutMs: 15_000 });
  process.setgroups([]);
  process.setgid(uid);
  process.setuid(uid);
  return X509Source.create({ client, timeoutMs: 15_000 });
}

/** Tells run.mjs what happened, one JSON object a line. */
export function report(event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

export const serial = (svid) => svid.certificates[0].serialNumber.toString(16).slice(0, 8);
