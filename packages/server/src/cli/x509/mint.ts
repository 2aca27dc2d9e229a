// `x509 mint`: an X.509-SVID for a key that is made here and never leaves.
import { join } from 'node:path';
import { defineCommand, exitCodes, type Terminal } from '@credence/sdk/daemon';
import { exportPrivateKey, generateKey } from '@credence/sdk/keys';
import { writeFileAtomic } from '@credence/sdk/runtime';
import { bundleApi, svidApi } from '@credence/sdk/wire';
import type { MintX509SVIDResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/MintX509SVIDResponse.js';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { createCertificateRequest, toPem } from '@credence/sdk/x509';
import { adminFlags, answer, failing, withServer, type Connect } from '../admin-client.js';
import { warnOfCutLifetime } from '../cut-lifetime.js';
import { renderId } from '../render.js';
import { parseTtlText, requiredId } from '../values.js';

const flags = {
  ...adminFlags,
  spiffeId: { kind: 'text', spire: 'spiffeID', metavar: 'SPIFFE ID', help: 'SPIFFE ID of the X.509-SVID' },
  ttl: { kind: 'text', metavar: 'duration', default: '0', help: "lifetime such as 1h; 0 is the server's default" },
  dns: { kind: 'list', metavar: 'name', help: 'DNS name in the X.509-SVID; may be repeated' },
  write: { kind: 'text', metavar: 'directory', help: 'write svid.pem, key.pem and bundle.pem there' },
} as const;

interface Minted {
  /** Seconds since the epoch. */
  readonly expiresAt: string;
  readonly chain: readonly Buffer[];
  /** PKCS#8, DER. */
  readonly privateKey: Buffer;
  readonly roots: readonly Buffer[];
}

export const command = defineCommand(flags, async (values, terminal) => {
  const id = renderId(requiredId('--spiffe-id', values.spiffeId));
  const ttl = parseTtlText('--ttl', values.ttl);
  const minted = await withServer(values, terminal, (connect) => mint(connect, { id, ttl, dnsNames: values.dns }));
  warnOfCutLifetime('X509-SVID', { ttl, expiresAt: minted.expiresAt }, terminal);
  if (values.output === 'json') {
    terminal.out(`${renderJson(minted)}\n`);
  } else if (values.write === undefined) {
    terminal.out(render(minted));
  } else {
    await write(minted, values.write, terminal);
  }
  return exitCodes.done;
});

async function mint(
  connect: Connect,
  { id, ttl, dnsNames }: { readonly id: string; readonly ttl: number; readonly dnsNames: readonly string[] },
): Promise<Minted> {
  const key = await generateKey('ec-p256');
  const csr = createCertificateRequest({ uris: [id], dnsNames }, key);
  const svids = connect(svidApi);
  const { svid } = await failing('unable to mint SVID', () =>
    answer<MintX509SVIDResponse__Output>((done) => svids.MintX509SVID({ csr, ttl }, done)),
  );
  if (svid === null) throw new Error('the server sent no X.509-SVID');
  const bundles = connect(bundleApi);
  const bundle = await failing('unable to get bundle', () =>
    answer<Bundle__Output>((done) => bundles.GetBundle({}, done)),
  );
  return {
    expiresAt: svid.expires_at,
    chain: svid.cert_chain,
    privateKey: exportPrivateKey(key),
    roots: bundle.x509_authorities.map(({ asn1 }) => asn1),
  };
}

function certificates(ders: readonly Buffer[]): string {
  return ders.map((der) => toPem(der, 'CERTIFICATE')).join('');
}

// In the order of SPIRE's keys: this is no message of the API, whose keys are sorted.
function renderJson({ chain, privateKey, roots }: Minted): string {
  const base64 = (der: Buffer): string => der.toString('base64');
  const [x509_svid, root_cas] = [chain.map(base64), roots.map(base64)];
  return JSON.stringify({ x509_svid, private_key: base64(privateKey), root_cas });
}

function render({ chain, privateKey, roots }: Minted): string {
  const sections = [
    `X509-SVID:\n${certificates(chain)}`,
    `Private key:\n${toPem(privateKey, 'PRIVATE KEY')}`,
    `Root CAs:\n${certificates(roots)}`,
  ];
  return sections.map((section) => `${section}\n`).join('');
}

async function write({ chain, privateKey, roots }: Minted, directory: string, terminal: Terminal): Promise<void> {
  const files = [
    { name: 'svid.pem', what: 'X509-SVID', content: certificates(chain), mode: 0o644 },
    { name: 'key.pem', what: 'Private key', content: toPem(privateKey, 'PRIVATE KEY'), mode: 0o600 },
    { name: 'bundle.pem', what: 'Root CAs', content: certificates(roots), mode: 0o644 },
  ];
  for (const { name, what, content, mode } of files) {
    const path = join(directory, name);
    await writeFileAtomic(path, content, mode);
    terminal.out(`${what} written to ${path}\n`);
  }
}
