// Another SPIFFE server of the same trust domain as the authority above ours: it certifies our X.509 authorities, and its
// bundle, which has our JWT authorities too, is the one that ours follows.
import type { NewDownstreamX509CAResponse__Output } from '@credence/sdk/wire/gen/spire/api/server/svid/v1/NewDownstreamX509CAResponse.js';
import type { Bundle__Output } from '@credence/sdk/wire/gen/spire/api/types/Bundle.js';
import { Certificate } from '@credence/sdk/x509';
import type {
  CertifiedAuthority,
  UpstreamAuthority,
  UpstreamBundle,
  UpstreamRequest,
} from '../ca/upstream/upstream-authority.js';
import { serverError } from '../domain/errors.js';
import type { JwtAuthority } from '../domain/trust-bundle.js';
import { BundleReader } from './bundle-reader.js';
import { ServerConnection, type ServerConnectionOptions } from './server-connection.js';

/** Speaks the API of SPIRE's servers as a workload whose entry is that of a downstream server. */
export class SpireUpstreamAuthority implements UpstreamAuthority, AsyncDisposable {
  readonly #reader: BundleReader;
  readonly #connection: ServerConnection;

  constructor(options: ServerConnectionOptions) {
    this.#reader = new BundleReader(options);
    this.#connection = new ServerConnection(options);
  }

  async certify({ csr, ttlMs }: UpstreamRequest): Promise<CertifiedAuthority> {
    const request = { csr, preferred_ttl: Math.floor(ttlMs / 1000) };
    const response = await this.#connection.call<NewDownstreamX509CAResponse__Output>(
      'NewDownstreamX509CA',
      ({ svid }, options, done) => svid.NewDownstreamX509CA(request, options, done),
    );
    const [certificate, ...chain] = readChain(response.ca_cert_chain);
    if (certificate === undefined) throw unusable('it is empty');
    // That answer does not say which roots are tainted.
    const { x509Authorities } = await this.bundle();
    const sound = x509Authorities.filter(({ tainted }) => !tainted).map((root) => Certificate.parse(root.certificate));
    const isRoot = (link: Certificate): boolean => x509Authorities.some((root) => root.certificate.equals(link.raw));
    return { certificate, chain: chain.filter((link) => !isRoot(link)), roots: sound };
  }

  async bundle(): Promise<UpstreamBundle> {
    const bundle = await this.#connection.call<Bundle__Output>('GetBundle', (clients, options, done) =>
      clients.bundle.GetBundle({}, options, done),
    );
    return { ...this.#reader.read(bundle), isShared: true };
  }

  /** What it signed with once stays good while its root does. */
  standsBehind(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async publishJwtAuthority({ keyId, publicKey, expiresAt }: JwtAuthority): Promise<void> {
    const seconds = expiresAt === undefined ? 0 : Math.floor(expiresAt.getTime() / 1000);
    const authority = { key_id: keyId, public_key: publicKey, expires_at: seconds, tainted: false };
    await this.#connection.call('PublishJWTAuthority', ({ bundle }, options, done) =>
      bundle.PublishJWTAuthority({ jwt_authority: authority }, options, done),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#connection[Symbol.asyncDispose]();
  }
}

function readChain(chain: readonly Buffer[]): readonly Certificate[] {
  try {
    return chain.map((der) => Certificate.parse(der));
  } catch (cause) {
    throw unusable((cause as Error).message, cause);
  }
}

function unusable(problem: string, cause?: unknown): Error {
  return serverError('ERR_UPSTREAM', `the chain from the upstream server cannot be used: ${problem}`, { cause });
}
