// A corporate PKI as nodes have it: a root, an intermediate, and for each node a certificate and a key in files.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportPrivateKey } from '@credence/sdk/keys';
import { TestCa, type TestCertificateOptions } from '@credence/sdk/testing';
import { toPem } from '@credence/sdk/x509';

/** The paths of a node's files, by the names of the configuration keys. */
export interface NodeFiles {
  readonly private_key_path: string;
  readonly certificate_path: string;
  readonly intermediates_path: string;
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
