// What the rules of every certificate must refuse, as changes of a good template.
import assert from 'node:assert/strict';
import {
  encodeName,
  nameConstraintsExtension,
  subjectAltNameExtension,
  type CertificateTemplate,
  type Extension,
} from '@credence/sdk/x509';
import { now } from './issuer.js';

export const after = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);

export interface Defect {
  readonly name: string;
  readonly change: (template: CertificateTemplate) => Partial<CertificateTemplate>;
  readonly message: RegExp;
}

/** Changes the extension at `index`. */
export function extension(index: number, change: (old: Extension) => Extension): Defect['change'] {
  return ({ extensions }) => ({ extensions: extensions.map((old, at) => (at === index ? change(old) : old)) });
}

export function san(uris: readonly string[], dnsNames: readonly string[] = []): Defect['change'] {
  return ({ extensions }) => ({
    extensions: [...extensions.slice(0, -1), subjectAltNameExtension({ uris, dnsNames })],
  });
}

function reorder({ extensions: [first, second, ...rest] }: CertificateTemplate): Partial<CertificateTemplate> {
  return { extensions: [second!, first!, ...rest] };
}

export const everywhere: readonly Defect[] = [
  {
    name: 'a serial number of 2^128',
    change: () => ({ serialNumber: Buffer.concat([Buffer.of(1), Buffer.alloc(16)]) }),
    message: /serialNumber is not from 1/,
  },
  {
    name: 'a notBefore in the future',
    change: () => ({ notBefore: after(1) }),
    message: /notBefore lies in the future/,
  },
  { name: 'a notAfter that is now', change: () => ({ notAfter: now }), message: /notAfter does not lie in the future/ },
  {
    name: 'a notAfter beyond its limit',
    change: () => ({ notAfter: after(86_401) }),
    message: /notAfter is later than/,
  },
  {
    name: 'a subject that is no Name',
    change: () => ({ subject: Buffer.from('3003020101', 'hex'), issuer: Buffer.from('3003020101', 'hex') }),
    message: /parse|issuer/,
  },
  { name: 'another issuer', change: () => ({ issuer: encodeName({ commonName: 'other' }) }), message: /issuer is not/ },
  { name: 'no extension', change: () => ({ extensions: [] }), message: /keyUsage/ },
  {
    name: 'an extension more, at the front',
    change: ({ extensions }) => ({
      extensions: [nameConstraintsExtension({ permittedUris: ['example.org'] }), ...extensions],
    }),
    message: /keyUsage/,
  },
  {
    name: 'an extension more, at the end',
    change: ({ extensions }) => ({
      extensions: [...extensions, nameConstraintsExtension({ permittedUris: ['example.org'] })],
    }),
    message: /extensions has trailing bytes/,
  },
  {
    name: 'an extension less',
    change: ({ extensions }) => ({ extensions: extensions.slice(0, -1) }),
    message: /refused to sign/,
  },
  {
    name: 'an extension twice',
    change: ({ extensions }) => ({ extensions: [extensions[0]!, ...extensions] }),
    message: /extKeyUsage|basicConstraints/,
  },
  { name: 'its extensions in another order', change: reorder, message: /keyUsage/ },
  {
    name: 'a key usage that is not critical',
    change: extension(0, (old) => ({ ...old, critical: false })),
    message: /keyUsage .*§4\.3/,
  },
  {
    name: 'two URIs (X509-SVID §2)',
    change: san(['spiffe://example.org/a', 'spiffe://example.org/b']),
    message: /URI|alone/,
  },
  { name: 'no URI (X509-SVID §2)', change: san([], ['a.example']), message: /URI|alone/ },
];

export function refusal(message: RegExp): (error: Error & { code?: string }) => boolean {
  return (error) => {
    assert.equal(error.code, 'ERR_PROFILE');
    assert.match(error.message, message);
    return true;
  };
}
