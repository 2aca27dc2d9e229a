// A certificate of the Web PKI and its key in files, followed when they change: renewals come without a restart.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { sdkError, type Clock, type Logger, every } from '@credence/sdk/runtime';

export interface CertificateFilesOptions {
  /** PEM, leaf first. */
  readonly certificatePath: string;
  /** PEM. */
  readonly keyPath: string;
  readonly syncIntervalMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface CertificateAndKey {
  readonly cert: string;
  readonly key: string;
}

/** @throws `ERR_CONFIG`: a file cannot be read, or the two do not belong together */
export async function loadCertificateFiles({
  certificatePath,
  keyPath,
}: Pick<CertificateFilesOptions, 'certificatePath' | 'keyPath'>): Promise<CertificateAndKey> {
  try {
    const [cert, key] = await Promise.all([readFile(certificatePath, 'utf8'), readFile(keyPath, 'utf8')]);
    createSecureContext({ cert, key });
    // A file that is just being written may be empty, and Node would then serve no certificate at all.
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new Error('they do not belong together');
    return { cert, key };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw sdkError('ERR_CONFIG', `certificate ${certificatePath} with key ${keyPath} cannot be used: ${reason}`, {
      cause,
    });
  }
}

/** Calls back with each pair that differs from the one before, until the signal; one that is not usable is not taken. */
export function followCertificateFiles(
  { current, signal, ...options }: CertificateFilesOptions & { current: CertificateAndKey; signal: AbortSignal },
  changed: (pair: CertificateAndKey) => void,
): Promise<void> {
  const { syncIntervalMs: intervalMs, clock, log, certificatePath } = options;
  let last = current;
  return every({ name: 'bundle endpoint certificate', intervalMs, clock, log, signal }, async () => {
    const next = await loadCertificateFiles(options);
    if (next.cert === last.cert && next.key === last.key) return;
    changed(next);
    last = next;
    log.info({ certificatePath }, 'bundle endpoint certificate reloaded');
  });
}
