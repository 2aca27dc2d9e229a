// The authorities of one kind, as an administrator sees and rotates them.
import { decodeProtectedHeader } from 'jose';
import { Certificate, createCertificateRequest } from '@credence/sdk/x509';
import { newKey } from './test-agent.js';
import { call, type Clients } from './test-server.js';

type State = { readonly authority_id: string } | null;

export class AuthorityKind {
  readonly name: string;
  readonly #wire: 'X509' | 'JWT';

  constructor(wire: 'X509' | 'JWT') {
    this.#wire = wire;
    this.name = wire === 'X509' ? 'X.509' : wire;
  }

  /** The IDs of the authorities by state. */
  async state({ localAuthorities }: Clients): Promise<Readonly<Record<'active' | 'prepared' | 'old', string>>> {
    const { active, prepared, old } = await call(localAuthorities, `Get${this.#wire}AuthorityState`, {});
    return { active: idOf(active), prepared: idOf(prepared), old: idOf(old) };
  }

  async prepare({ localAuthorities }: Clients): Promise<string> {
    return idOf((await call(localAuthorities, `Prepare${this.#wire}Authority`, {})).prepared_authority);
  }

  async activate({ localAuthorities }: Clients, authority_id: string): Promise<string> {
    const response = await call(localAuthorities, `Activate${this.#wire}Authority`, { authority_id });
    return idOf(response.activated_authority);
  }

  async taint({ localAuthorities }: Clients, authority_id: string): Promise<string> {
    return idOf((await call(localAuthorities, `Taint${this.#wire}Authority`, { authority_id })).tainted_authority);
  }

  async revoke({ localAuthorities }: Clients, authority_id: string): Promise<string> {
    return idOf((await call(localAuthorities, `Revoke${this.#wire}Authority`, { authority_id })).revoked_authority);
  }

  /** The authority that signs now. */
  async signer({ svids }: Clients): Promise<string> {
    if (this.#wire === 'JWT') {
      const request = { id: { trust_domain: 'example.org', path: '/w' }, audience: ['api'] };
      const { svid } = await call(svids, 'MintJWTSVID', request);
      return decodeProtectedHeader(svid!.token).kid!;
    }
    const csr = createCertificateRequest({ uris: ['spiffe://example.org/w'] }, await newKey());
    const { svid } = await call(svids, 'MintX509SVID', { csr });
    return Certificate.parse(svid!.cert_chain[0]!).authorityKeyId!.toString('hex');
  }

  /** The IDs in the bundle, those of tainted ones with an asterisk. */
  async published({ bundles }: Clients): Promise<readonly string[]> {
    const { jwt_authorities: jwt, x509_authorities: x509 } = await call(bundles, 'GetBundle', {});
    const mark = (tainted: boolean): string => (tainted ? '*' : '');
    return this.#wire === 'JWT'
      ? jwt.map(({ key_id, tainted }) => `${key_id}${mark(tainted)}`)
      : x509.map(({ asn1, tainted }) => `${Certificate.parse(asn1).subjectKeyId!.toString('hex')}${mark(tainted)}`);
  }
}

/** Empty: there is none. */
function idOf(state: State): string {
  return state?.authority_id ?? '';
}
