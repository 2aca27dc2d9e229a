// The certificate authority of another server of the trust domain, as the upstream authority of ours.
import { Certificate } from '@credence/sdk/x509';
import type { CertificateAuthority } from '../../../dist/ca/certificate-authority.js';
import type {
  CertifiedAuthority,
  UpstreamAuthority,
  UpstreamBundle,
} from '../../../dist/ca/upstream/upstream-authority.js';
import type { JwtAuthority } from '../../../dist/domain/trust-bundle.js';
import { trustDomain, type World } from './world.js';

/** Another server's authority, as one above ours. */
export class Above implements UpstreamAuthority {
  readonly authority: CertificateAuthority;
  readonly #world: World;
  reachable = true;

  constructor(world: World) {
    this.#world = world;
    this.authority = world.createAuthority();
  }

  certify({ publicKeyInfo, ttlMs }: { publicKeyInfo: Buffer; ttlMs: number }): Promise<CertifiedAuthority> {
    if (!this.reachable) return Promise.reject(new Error('out of reach'));
    const request = { publicKeyInfo, ttlSeconds: ttlMs / 1000 };
    const { chain } = this.authority.downstreamIssuer.issueDownstreamCa(request);
    const [certificate, ...rest] = chain.map((der) => Certificate.parse(der));
    const roots = this.#published.x509Authorities.map((root) => Certificate.parse(root.certificate));
    return Promise.resolve({ certificate: certificate!, chain: rest, roots });
  }

  bundle(): Promise<UpstreamBundle> {
    if (!this.reachable) return Promise.reject(new Error('out of reach'));
    return Promise.resolve({ ...this.#published, isShared: true });
  }

  standsBehind(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async publishJwtAuthority(authority: JwtAuthority): Promise<void> {
    if (!this.reachable) throw new Error('out of reach');
    await this.#world.bundles.append(trustDomain, { jwtAuthorities: [authority] });
  }

  get #published(): Pick<UpstreamBundle, 'x509Authorities' | 'jwtAuthorities'> {
    return this.#world.bundles.bundles.get(trustDomain.name)!;
  }
}
