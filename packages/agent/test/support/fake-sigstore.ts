// A Sigstore of our own: an authority like Fulcio's, a log of certificates and a transparency log like Rekor's, all with
// real keys and real signatures, and what cosign leaves in a registry when it signs with them.
import 'reflect-metadata';
import { createHash, generateKeyPair, sign, webcrypto, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { initializeCA, initializeCTLog, type CA } from '@sigstore/mock/dist/fulcio/index.js';
import { initializeTLog, type TLog } from '@sigstore/mock/dist/rekor/index.js';
import { initializeTSA, type TSA } from '@sigstore/mock/dist/timestamp/index.js';

export const signer = { subject: 'https://ci.example/app/release.yaml@refs/tags/v1', issuer: 'https://ci.example' };

/** Who signs, and with what of Sigstore. */
export interface Signing {
  readonly subject?: string;
  readonly issuer?: string;
  /** False: the certificate is in no log. */
  readonly sct?: boolean;
  /** False: the signature is in no log. */
  readonly logged?: boolean;
  /** When the certificate is issued; it lives for ten minutes. Default: now. */
  readonly issued?: Date;
  /** True: the timestamp authority says when the signature was made. */
  readonly timestamped?: boolean;
  /** True: the authority issued the certificate for a TLS server, and did not log it. */
  readonly forServers?: boolean;
}

/** A blob and what its descriptor says besides digest and size. */
export interface Layer {
  readonly mediaType: string;
  readonly blob: Buffer;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface LogEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logIndex: number;
  readonly logID: string;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: { readonly rootHash: string; readonly treeSize: number; readonly checkpoint: string };
  };
}

const base64 = (data: string | Buffer): string => Buffer.from(data).toString('base64');
const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
const keyPair = (): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> =>
  promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });

// Of whole seconds, which all read alike; certificates of the next minutes live then.
const soon = (): Date => new Date(Math.ceil(Date.now() / 1000) * 1000 + 5 * 60_000);

export const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const bundleMediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const rekorUrl = 'https://rekor.example';

export class FakeSigstore {
  readonly #logKeys = { certificates: keyPair(), signatures: keyPair() };
  readonly #authority = keyPair();
  readonly #tsa: Promise<TSA> = keyPair().then((keys) => initializeTSA(keys, soon()));

  /** What is trusted: a Sigstore trusted root, JSON. */
  async trustedRoot(): Promise<string> {
    const [ca, tlog, ctlog, tsa] = [await this.#ca({}), await this.#tlog(), await this.#ctlog(), await this.#tsa];
    const validFor = { start: '2020-01-01T00:00:00Z' };
    const logOf = (baseUrl: string, key: Buffer): object => ({
      baseUrl,
      hashAlgorithm: 'SHA2_256',
      publicKey: { rawBytes: base64(key), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
      logId: { keyId: createHash('sha256').update(key).digest('base64') },
    });
    return JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: [logOf(rekorUrl, tlog.publicKey)],
      certificateAuthorities: [
        {
          subject: { organization: 'sigstore.mock', commonName: 'sigstore' },
          uri: 'https://fulcio.example',
          certChain: { certificates: [{ rawBytes: base64(ca.rootCertificate as Buffer) }] },
          validFor,
        },
      ],
      ctlogs: [logOf('https://ctfe.example', ctlog.publicKey)],
      timestampAuthorities: [
        {
          subject: { organization: 'sigstore.mock', commonName: 'tsa' },
          uri: 'https://tsa.example',
          certChain: {
            certificates: [tsa.intCertificate, tsa.rootCertificate].map((one) => ({ rawBytes: base64(one as Buffer) })),
          },
          validFor,
        },
      ],
    });
  }

  /** What `cosign sign` appends to the tag `sha256-….sig`. */
  async signature(digest: string, signing: Signing = {}): Promise<Layer> {
    const claim = {
      critical: {
        identity: { 'docker-reference': '' },
        image: { 'docker-manifest-digest': digest },
        type: 'cosign container image signature',
      },
      optional: null,
    };
    const blob = Buffer.from(JSON.stringify(claim));
    const { certificate, privateKey } = await this.#certificate(signing);
    const signature = sign('sha256', blob, privateKey);
    const entry = {
      apiVersion: '0.0.1',
      kind: 'hashedrekord',
      spec: {
        data: { hash: { algorithm: 'sha256', value: sha256(blob) } },
        signature: { content: base64(signature), publicKey: { content: base64(pemOf(certificate)) } },
      },
    };
    const annotations = {
      'dev.cosignproject.cosign/signature': base64(signature),
      ...(signing.timestamped === true
        ? {
            'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({
              SignedRFC3161Timestamp: await this.#timestamp(signature),
            }),
          }
        : {}),
      ...(await this.#annotations(certificate, entry, signing)),
    };
    return { mediaType: simpleSigning, blob, annotations };
  }

  /** What `cosign attest` appends to the tag `sha256-….att`. */
  async attestation(digest: string, signing: Signing = {}): Promise<Layer> {
    const { envelope, entry, certificate } = await this.#envelope(digest, 'https://slsa.dev/provenance/v1', signing);
    const annotations = {
      'dev.cosignproject.cosign/signature': '',
      ...(await this.#annotations(certificate, entry, signing)),
    };
    return {
      mediaType: 'application/vnd.dsse.envelope.v1+json',
      blob: Buffer.from(JSON.stringify(envelope)),
      annotations,
    };
  }

  /** What cosign 3 makes refer to an image: a bundle, with its own predicate when it signs. */
  async bundle(digest: string, predicateType: string, signing: Signing = {}): Promise<Layer> {
    const { envelope, entry, certificate, signature } = await this.#envelope(digest, predicateType, signing);
    const { body, integratedTime, logIndex, logID, verification } = await this.#logged(entry);
    const { signedEntryTimestamp, inclusionProof } = verification;
    const bundle = {
      mediaType: bundleMediaType,
      verificationMaterial: {
        certificate: { rawBytes: base64(certificate) },
        timestampVerificationData:
          signing.timestamped === true
            ? { rfc3161Timestamps: [{ signedTimestamp: await this.#timestamp(signature) }] }
            : undefined,
        tlogEntries: [
          {
            logIndex: String(logIndex),
            logId: { keyId: Buffer.from(logID, 'hex').toString('base64') },
            kindVersion: { kind: 'dsse', version: '0.0.1' },
            integratedTime: String(integratedTime),
            inclusionPromise: { signedEntryTimestamp },
            inclusionProof: {
              logIndex: '0',
              rootHash: Buffer.from(inclusionProof.rootHash, 'hex').toString('base64'),
              treeSize: String(inclusionProof.treeSize),
              hashes: [],
              checkpoint: { envelope: inclusionProof.checkpoint },
            },
            canonicalizedBody: body,
          },
        ],
      },
      dsseEnvelope: envelope,
    };
    return { mediaType: bundleMediaType, blob: Buffer.from(JSON.stringify(bundle)) };
  }

  async #envelope(
    digest: string,
    predicateType: string,
    signing: Signing,
  ): Promise<{ envelope: object; entry: object; certificate: Buffer; signature: Buffer }> {
    const payloadType = 'application/vnd.in-toto+json';
    const payload = JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: 'app', digest: { sha256: digest.replace('sha256:', '') } }],
      predicateType,
      predicate: {},
    });
    const { certificate, privateKey } = await this.#certificate(signing);
    // DSSE 1.0, PAE.
    const signed = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} ${payload}`;
    const signature = sign('sha256', Buffer.from(signed), privateKey);
    const sig = base64(signature);
    const envelope = { payloadType, payload: base64(payload), signatures: [{ sig }] };
    const entry = {
      apiVersion: '0.0.1',
      kind: 'dsse',
      spec: {
        envelopeHash: { algorithm: 'sha256', value: sha256(Buffer.from(JSON.stringify(envelope))) },
        payloadHash: { algorithm: 'sha256', value: sha256(Buffer.from(payload)) },
        signatures: [{ signature: sig, verifier: base64(pemOf(certificate)) }],
      },
    };
    return { envelope, entry, certificate, signature };
  }

  async #annotations(certificate: Buffer, entry: object, { logged }: Signing): Promise<Record<string, string>> {
    const annotations = { 'dev.sigstore.cosign/certificate': pemOf(certificate) };
    if (logged === false) return annotations;
    const { body, integratedTime, logIndex, logID, verification } = await this.#logged(entry);
    const bundle = {
      SignedEntryTimestamp: verification.signedEntryTimestamp,
      Payload: { body, integratedTime, logIndex, logID },
    };
    return { ...annotations, 'dev.sigstore.cosign/bundle': JSON.stringify(bundle) };
  }

  async #certificate(signing: Signing): Promise<{ certificate: Buffer; privateKey: KeyObject }> {
    const { subject = signer.subject, issuer = signer.issuer } = signing;
    const { publicKey, privateKey } = await keyPair();
    if (signing.forServers === true) return { certificate: await this.#serverCertificate(publicKey), privateKey };
    const certificate = await (
      await this.#ca(signing)
    ).issueCertificate({
      publicKey: publicKey.export({ type: 'spki', format: 'der' }),
      subjectAltName: subject,
      extensions: [
        { oid: '1.3.6.1.4.1.57264.1.1', value: issuer, legacy: true },
        { oid: '1.3.6.1.4.1.57264.1.8', value: issuer },
      ],
    });
    return { certificate: certificate as Buffer, privateKey };
  }

  async #serverCertificate(publicKey: KeyObject): Promise<Buffer> {
    const { privateKey } = await this.#authority;
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const certificate = await X509CertificateGenerator.create({
      issuer: 'CN=sigstore,O=sigstore.mock',
      publicKey: await webcrypto.subtle.importKey('spki', spki, algorithm, true, ['verify']),
      signingKey: await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']),
      signingAlgorithm: algorithm,
      extensions: [
        new SubjectAlternativeNameExtension([{ type: 'url', value: signer.subject }], true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new Extension('1.3.6.1.4.1.57264.1.1', false, Buffer.from(signer.issuer)),
      ],
    });
    return Buffer.from(certificate.rawData);
  }

  async #logged(entry: object): Promise<LogEntry> {
    // A map with one entry, by its UUID.
    const logged: unknown = await (await this.#tlog()).log(entry);
    const [found] = Object.values(logged as Record<string, LogEntry>);
    if (found === undefined) throw new Error('nothing was logged');
    return found;
  }

  async #timestamp(signature: Buffer): Promise<string> {
    const request = { nonce: 1, policyOID: '1.3.6.1.4.1.57264.2', hashAlgorithmOID: '2.16.840.1.101.3.4.2.1' };
    const artifactHash = createHash('sha256').update(signature).digest();
    return base64((await (await this.#tsa).timestamp({ ...request, artifactHash })) as Buffer);
  }

  async #ca({ sct, issued }: Signing): Promise<CA> {
    return initializeCA(await this.#authority, sct === false ? undefined : await this.#ctlog(), issued);
  }

  async #ctlog(): ReturnType<typeof initializeCTLog> {
    return initializeCTLog(await this.#logKeys.certificates);
  }

  async #tlog(): Promise<TLog> {
    return initializeTLog(rekorUrl, await this.#logKeys.signatures);
  }
}

export function pemOf(certificate: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${base64(certificate)}\n-----END CERTIFICATE-----\n`;
}
