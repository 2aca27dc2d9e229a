// Options of Node's that a caller may pass through. What decides over identity, or silently weakens it, is ours alone.
import type { SecureContextOptions } from 'node:tls';

const reserved = [
  'ca',
  'cert',
  'key',
  'pfx',
  'passphrase',
  'secureContext',
  'secureProtocol',
  'rejectUnauthorized',
  'requestCert',
  'checkServerIdentity',
  'SNICallback',
  'pskCallback',
  'session',
  'ticketKeys',
  'allowPartialTrustChain',
  'privateKeyEngine',
  'privateKeyIdentifier',
  'clientCertEngine',
  'enableTrace',
] as const;

// Suites without authentication or encryption, and the security level under which weak keys and digests count.
const weakCiphers = /^([ae]?NULL|ADH|AECDH|.*-NULL-.*|NULL-.*|.*@SECLEVEL=0)$/i;

/** @throws TypeError when `base` sets an option that is ours, a protocol below TLS 1.2 or ciphers that protect nothing. */
export function checkBase(base: SecureContextOptions): void {
  for (const option of reserved) {
    if (Object.hasOwn(base, option)) throw new TypeError(`base.${option} is not accepted: it decides over identity`);
  }
  for (const version of [base.minVersion, base.maxVersion]) {
    if (version !== undefined && version !== 'TLSv1.2' && version !== 'TLSv1.3') {
      throw new TypeError(`base names the protocol ${version}; accepted are TLSv1.2 and TLSv1.3`);
    }
  }
  const weak = base.ciphers?.split(/[:,; ]/).find((cipher) => weakCiphers.test(cipher));
  if (weak !== undefined) throw new TypeError(`base.ciphers names ${weak}; it authenticates or encrypts nothing`);
}
