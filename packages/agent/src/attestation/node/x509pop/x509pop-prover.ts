// X.509 proof of possession: the node shows a certificate that the server's operator trusts, and signs a nonce of the
// server's together with one of its own, so that the key never signs what another has chosen.
import { constants, sign, type KeyObject } from 'node:crypto';
import type { Random } from '@credence/sdk/runtime';
import { agentError } from '../../../domain/errors.js';
import type { NodeProver } from '../prover.js';
import { decodeChallenge, encodeEcdsaResponse, encodePayload, encodeRsaResponse } from './messages.js';
import { readNodeIdentity, type NodeIdentitySource } from './node-identity.js';

const nonceBytes = 32;

export interface X509PopProverOptions {
  readonly identity: NodeIdentitySource;
  readonly random: Random;
}

export class X509PopProver implements NodeProver {
  readonly type = 'x509pop';
  readonly advice =
    'the certificate must be of an authority that the server trusts for x509pop, and not be expired; ' +
    'a banned agent must be evicted first ("credence-server agent evict")';
  readonly #options: X509PopProverOptions;
  #key: KeyObject | undefined;

  constructor(options: X509PopProverOptions) {
    this.#options = options;
  }

  /** The certificates. @throws ERR_BOOTSTRAP: there are none, or the key is not that of the first. */
  async payload(): Promise<Buffer> {
    const { certificates, key } = await readNodeIdentity(this.#options.identity);
    this.#key = key;
    return encodePayload(certificates.map(({ raw }) => raw));
  }

  respond(challenge: Buffer): Promise<Buffer> {
    return Promise.resolve().then(() => this.#sign(challenge, this.#key));
  }

  #sign(challenge: Buffer, key: KeyObject | undefined): Buffer {
    if (key === undefined) throw new TypeError('there is no payload yet that the challenge could be about');
    const nonce = this.#options.random.bytes(nonceBytes);
    if (key.asymmetricKeyType === 'rsa') {
      const signed = Buffer.concat([decodeChallenge(challenge, 'rsa'), nonce]);
      const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
      return encodeRsaResponse({ nonce, signature: sign('sha256', signed, { key, padding, saltLength }) });
    }
    if (key.asymmetricKeyType !== 'ec') {
      throw agentError('ERR_BOOTSTRAP', 'x509pop: the key is neither RSA nor ECDSA, which are accepted');
    }
    const signed = Buffer.concat([decodeChallenge(challenge, 'ecdsa'), nonce]);
    const signature = sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' });
    const half = signature.length / 2;
    return encodeEcdsaResponse({ nonce, r: signature.subarray(0, half), s: signature.subarray(half) });
  }
}
