// JWT-SVIDs for tests, signed by node:crypto alone so that they check the verifier from the outside; and tokens that a
// verifier must refuse, because every part can be replaced.
import { constants, createPublicKey, randomUUID, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { JwtAuthority } from '../bundle/index.js';
import { generateKey, type JwsAlgorithm, type KeyType } from '../keys/index.js';
import { systemClock } from '../runtime/index.js';
import type { SpiffeId } from '../spiffeid/index.js';

const fiveMinutes = 300;
const signAsync = promisify(sign);

/** What may be asked of any token; undefined in `header` or `claims` leaves a member out. */
export interface TestJwtOptions {
  readonly audience: string | readonly string[];
  /** Default: now. */
  readonly issuedAt?: Date;
  /** Default: in five minutes. */
  readonly expiresAt?: Date;
  /** Beside and in place of the usual ones. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Beside and in place of the usual parameters. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** A private key to sign with in place of the authority's, under the authority's key ID. */
  readonly key?: KeyObject;
  /** Default: the one of SHA-256 that fits the key, ES384 for P-384. */
  readonly algorithm?: JwsAlgorithm;
}

/** A JWT authority with its private key. */
export interface TestJwtKey extends JwtAuthority {
  readonly privateKey: KeyObject;
}

export async function createJwtKey(type: KeyType = 'ec-p256'): Promise<TestJwtKey> {
  const privateKey = await generateKey(type);
  return { keyId: randomUUID(), publicKey: createPublicKey(privateKey), privateKey };
}

/** The compact serialization of a token for `id`. */
export async function signTestToken(id: SpiffeId, authority: TestJwtKey, options: TestJwtOptions): Promise<string> {
  const key = options.key ?? authority.privateKey;
  const algorithm = options.algorithm ?? algorithmOf(key);
  const issuedAt = seconds(options.issuedAt ?? systemClock.now());
  const header = { alg: algorithm, kid: authority.keyId, typ: 'JWT', ...options.header };
  const claims = {
    sub: id.toString(),
    aud: typeof options.audience === 'string' ? [options.audience] : options.audience,
    iat: issuedAt,
    exp: options.expiresAt === undefined ? issuedAt + fiveMinutes : seconds(options.expiresAt),
    ...options.claims,
  };
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${(await signature(signed, key, algorithm)).toString('base64url')}`;
}

// RFC 7518 §§3.3–3.5
function signature(text: string, key: KeyObject, algorithm: JwsAlgorithm): Promise<Buffer> {
  const hash = `sha${algorithm.slice(2)}`;
  const pss = algorithm.startsWith('PS')
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {};
  return signAsync(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363', ...pss });
}

function algorithmOf(key: KeyObject): JwsAlgorithm {
  if (key.asymmetricKeyType !== 'ec') return 'RS256';
  return key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'ES384' : 'ES256';
}

function seconds(instant: Date): number {
  return Math.floor(instant.getTime() / 1000);
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
