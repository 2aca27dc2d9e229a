// X.509 proof of possession: the node shows a certificate that the server's operator trusts, and signs a nonce of the
// server's together with one of its own, so that the key never signs what another has chosen.
import { constants, sign, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isKeyPair, parsePrivateKeyFile } from '@credence/sdk/keys';
import type { Random } from '@credence/sdk/runtime';
import { Certificate } from '@credence/sdk/x509';
import { agentError } from '../../../domain/errors.js';
import type { NodeProver } from '../prover.js';
import { decodeChallenge, encodeEcdsaResponse, encodePayload, encodeRsaResponse } from './messages.js';

const nonceBytes = 32;

export interface X509PopProverOptions {
  /** PEM: PKCS#8, SEC 1 or PKCS#1, unencrypted. */
  readonly privateKeyPath: string;
  /** PEM: the node's certificate; intermediates may follow it. */
  readonly certificatePath: string;
  /** PEM: further intermediates. */
  readonly intermediatesPath: string | undefined;
  readonly random: Random;
}

/** Reads the files for each attestation, so that they may be replaced at any time. */
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

  /** The certificates. @throws ERR_BOOTSTRAP: a file cannot be used, or the key is not that of the certificate. */
  async payload(): Promise<Buffer> {
    const { certificatePath, privateKeyPath, intermediatesPath } = this.#options;
    const [leaf, ...following] = await read(certificatePath, parseCertificates);
    const intermediates = intermediatesPath === undefined ? [] : await read(intermediatesPath, parseCertificates);
    const key = await read(privateKeyPath, parsePrivateKeyFile);
    if (leaf === undefined) throw unusable(certificatePath, 'it holds no certificate');
    if (!isKeyPair(leaf.publicKeyInfo, key))
      throw unusable(privateKeyPath, `the key is not that of ${certificatePath}`);
    this.#key = key;
    return encodePayload([leaf, ...following, ...intermediates].map(({ raw }) => raw));
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
    if (key.asymmetricKeyType !== 'ec')
      throw unusable(this.#options.privateKeyPath, 'x509pop takes RSA and ECDSA keys');
    const signed = Buffer.concat([decodeChallenge(challenge, 'ecdsa'), nonce]);
    const signature = sign('sha256', signed, { key, dsaEncoding: 'ieee-p1363' });
    const half = signature.length / 2;
    return encodeEcdsaResponse({ nonce, r: signature.subarray(0, half), s: signature.subarray(half) });
  }
}

function parseCertificates(pem: string): readonly Certificate[] {
  return Certificate.parsePem(pem);
}

async function read<T>(path: string, parse: (text: string) => T): Promise<T> {
  try {
    return parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw unusable(path, (cause as Error).message, cause);
  }
}

function unusable(path: string, problem: string, cause?: unknown): Error {
  return agentError('ERR_BOOTSTRAP', `x509pop: ${path} cannot be used: ${problem}`, { cause });
}
