// A corporate PKI as nodes have it: a root, an intermediate, and for each node a certificate and a key in files.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportPrivateKey } from '@credence/sdk/keys';
import { TestCa, type TestCertificateOptions } from '@credence/sdk/testing';
import { DerReader, DerWriter, parsePem, Tag, toPem } from '@credence/sdk/x509';

/** The paths of a node's files, by the names of the configuration keys. */
export interface NodeFiles {
  readonly private_key_path: string;
  readonly certificate_path: string;
  readonly intermediates_path: string;
}

const p256Order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The same certificate with the other ECDSA signature that everybody can make of it: (r, n − s), by a P-256 key. */
export function otherFormOf(pem: string): string {
  const [der = Buffer.alloc(0)] = parsePem(pem, 'CERTIFICATE');
  const outer = DerReader.over(der).enter(Tag.sequence, 'certificate');
  const [tbs, algorithm] = [outer.element('tbs').raw, outer.element('algorithm').raw];
  const value = DerReader.over(outer.octetAlignedBits('signature')).enter(Tag.sequence, 'signature');
  const [r, s] = [value.integer('r'), value.integer('s')].map((content) => BigInt(`0x${content.toString('hex')}`));
  const signature = new DerWriter();
  for (const number of [p256Order - s!, r!]) {
    signature.unsignedInteger(Buffer.from(number.toString(16).padStart(64, '0'), 'hex'));
  }
  signature.header(Tag.sequence, 0);
  const writer = new DerWriter();
  writer.bitString(signature.finish());
  writer.raw(algorithm);
  writer.raw(tbs);
  writer.header(Tag.sequence, 0);
  return toPem(writer.finish(), 'CERTIFICATE');
}

export class NodePki {
  /** PEM: the root. */
  readonly bundlePath: string;
  readonly #folder: string;
  readonly #issuing: TestCa;

  private constructor(folder: string, name: string, issuing: TestCa) {
    this.#folder = folder;
    this.#issuing = issuing;
    this.bundlePath = join(folder, `${name}.pem`);
  }

  static async create(folder: string, name = 'pki'): Promise<NodePki> {
    const root = await TestCa.create('pki.test', { uris: [], subject: { commonName: `${name} root` } });
    const issuing = await root.childCa({ uris: [], subject: { commonName: `${name} issuing` } });
    const pki = new NodePki(folder, name, issuing);
    await writeFile(pki.bundlePath, root.certificate.toPem());
    return pki;
  }

  /** A certificate for the common name `name`, which may be used for anything that takes a signature. */
  async node(name: string, options: TestCertificateOptions = {}): Promise<NodeFiles> {
    const { chain, privateKey } = await this.#issuing.credential('/unused', {
      uris: [`x509pop://example.org/rack/${name}`],
      subject: { organization: ['Example'], commonName: name },
      extendedKeyUsage: null,
      keyUsage: ['digitalSignature'],
      ...options,
    });
    const [leaf = Buffer.alloc(0), ...intermediates] = chain;
    const file = async (part: string, text: string): Promise<string> => {
      const path = join(this.#folder, `${name}-${part}.pem`);
      await writeFile(path, text, { mode: 0o600 });
      return path;
    };
    return {
      private_key_path: await file('key', toPem(exportPrivateKey(privateKey), 'PRIVATE KEY')),
      certificate_path: await file('certificate', toPem(leaf, 'CERTIFICATE')),
      intermediates_path: await file('intermediates', intermediates.map((der) => toPem(der, 'CERTIFICATE')).join('')),
    };
  }
}
