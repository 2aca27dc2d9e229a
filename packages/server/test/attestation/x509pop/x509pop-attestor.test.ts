import assert from 'node:assert/strict';
import { createHash, generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import { TrustDomain, X509BundleSet } from '@credence/sdk';
import { systemClock, systemRandom } from '@credence/sdk/runtime';
import { TestCa, type TestCertificateOptions } from '@credence/sdk/testing';
import { signCertificate } from '@credence/sdk/x509';
import { createX509PopAttestor, type X509PopOptions } from '../../../dist/attestation/x509pop/x509pop-attestor.js';
import { AgentPathTemplate } from '../../../dist/domain/agent-path-template.js';
import { honestNode, json, payloadOf } from './node.js';

const trustDomain = TrustDomain.parse('example.org');
const plain: TestCertificateOptions = { uris: [], subject: { commonName: 'node-1' }, extendedKeyUsage: null };
const unasked = (): Promise<never> => Promise.reject(new Error('the node was challenged before it was trusted'));

const template = (text: string): AgentPathTemplate =>
  AgentPathTemplate.parse(text, [
    ...['PluginName', 'TrustDomain', 'Fingerprint', 'SerialNumberHex', 'Subject.CommonName', 'SVIDPathTrimmed'],
    'URISanSelectors.',
  ]);

describe('the x509pop attestor', () => {
  let root: TestCa;
  let issuing: TestCa;

  before(async () => {
    root = await TestCa.create('pki.test', { uris: [], keyUsage: null });
    issuing = await root.childCa({ uris: [], extendedKeyUsage: ['1.3.6.1.5.5.7.3.4'] });
  });

  const attestor = (options: Partial<X509PopOptions> = {}) =>
    createX509PopAttestor({
      trustDomain,
      clock: systemClock,
      random: systemRandom,
      trust: { mode: 'external_pki', authorities: () => Promise.resolve([root.certificate]) },
      agentPath: template('/{{ .PluginName }}/{{ .Fingerprint }}'),
      maxIntermediates: 4,
      maxRsaKeyBits: 8192,
      ...options,
    });
  const sha1 = (der: Buffer): string => createHash('sha1').update(der).digest('hex');

  for (const keyType of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
    it(`attests a node with a key of the type ${keyType} and tells what its certificates say`, async () => {
      const node = await issuing.credential('/n', {
        ...plain,
        keyType,
        serialNumber: Buffer.of(0x0a, 0xbc),
        uris: ['x509pop://example.org/rack/7', 'x509pop://example.org/path/a/b', 'x509pop://other.org/rack/8', 'x:y'],
      });
      const [leaf = Buffer.alloc(0), intermediate = Buffer.alloc(0)] = node.chain;
      const { otherPaths, ...told } = await attestor().attest(payloadOf(node.chain), honestNode(node.privateKey));
      assert.equal(otherPaths?.length, 1);
      assert.deepEqual(told, {
        agentPath: `/spire/agent/x509pop/${sha1(leaf)}`,
        canReattest: true,
        selectors: [
          'subject:cn:node-1',
          `ca:fingerprint:${sha1(intermediate)}`,
          `ca:fingerprint:${sha1(root.certificate.raw)}`,
          'serialnumber:0abc',
          'san:rack:7',
          'san:path:a/b',
        ].map((value) => ({ type: 'x509pop', value })),
      });
    });
  }

  it('makes nothing of a common name that is no UTF-8: two such names would be one', async () => {
    const agentPath = template('/{{ .Subject.CommonName | sha256sum }}');
    const node = await root.credential('/n', { ...plain, subject: { commonName: 'node-\u00e9' } });
    assert.ok(await attestor({ agentPath }).attest(payloadOf(node.chain), honestNode(node.privateKey)));
    const { certificate, key } = root;
    const leaf = root.leafTemplate('/n', node.privateKey, { ...plain, subject: { commonName: 'node-\u00e9' } });
    const broken = Buffer.from(
      Buffer.from(leaf.subject).toString('latin1').replace('\u00c3\u00a9', '\u00ff\u00fe'),
      'latin1',
    );
    const chain = [signCertificate({ ...leaf, issuer: certificate.subject, subject: broken }, key)];
    await assert.rejects(attestor({ agentPath }).attest(payloadOf(chain), unasked), { code: 'ERR_NODE_PROOF' });
    const { selectors } = await attestor().attest(payloadOf(chain), honestNode(node.privateKey));
    assert.ok(!selectors.some(({ value }) => value.startsWith('subject:')));
  });

  it('takes a node without a common name', async () => {
    const node = await root.credential('/n', { ...plain, subject: {} });
    const { selectors } = await attestor().attest(payloadOf(node.chain), honestNode(node.privateKey));
    assert.ok(!selectors.some(({ value }) => value.startsWith('subject:')));
  });

  describe('refuses before it challenges', () => {
    const payloads: readonly [string, Buffer, RegExp][] = [
      ['no JSON', Buffer.from('x'), /failed to unmarshal data/],
      ['JSON without certificates', json({}), /failed to unmarshal data: certificates/],
      ['no certificate', json({ certificates: [] }), /no certificate to attest/],
      ['what is not base64', json({ certificates: ['%'] }), /failed to unmarshal data: certificates\.0/],
      ['what is no certificate', json({ certificates: ['AAAA'] }), /failed to parse leaf certificate/],
      ['128 KiB and more', Buffer.alloc(128 * 1024 + 1, 0x20), /longer than 131072 bytes/],
      [
        'more certificates than are taken',
        json({ certificates: Array(6).fill('AAAA') }),
        /5 intermediate certificates; at most 4/,
      ],
    ];
    for (const [name, payload, message] of payloads) {
      it(name, async () => {
        await assert.rejects(attestor().attest(payload, unasked), { code: 'ERR_INVALID_ARGUMENT', message });
      });
    }

    it('a malformed intermediate, by its place', async () => {
      const node = await root.credential('/n', plain);
      await assert.rejects(attestor().attest(payloadOf([...node.chain, Buffer.from('x')]), unasked), {
        code: 'ERR_INVALID_ARGUMENT',
        message: /^nodeattestor\(x509pop\): failed to parse intermediate certificate 0: /,
      });
    });

    const hourAgo = new Date(Date.now() - 3_600_000);
    const leaves: readonly [string, TestCertificateOptions, RegExp][] = [
      [
        'an expired certificate',
        { notBefore: new Date(0), notAfter: hourAgo },
        /certificate verification failed: .*expired/,
      ],
      [
        'a certificate without the key usage digitalSignature',
        { keyUsage: ['keyEncipherment'] },
        /digital signature use/,
      ],
      ['a certificate without a key usage (RFC 5280 §4.2.1.3)', { keyUsage: null }, /digital signature use/],
      [
        'an unknown critical extension (RFC 5280 §4.2)',
        { extraExtensions: [{ oid: '1.2.3', critical: true, value: Buffer.of(5, 0) }] },
        /unknown critical extension/,
      ],
    ];
    for (const [name, options, message] of leaves) {
      it(name, async () => {
        const node = await root.credential('/n', { ...plain, ...options });
        await assert.rejects(attestor().attest(payloadOf(node.chain), unasked), { code: 'ERR_NODE_PROOF', message });
      });
    }

    it('a certificate of another PKI', async () => {
      const node = await (await TestCa.create('pki.test', { uris: [] })).credential('/n', plain);
      await assert.rejects(attestor().attest(payloadOf(node.chain), unasked), {
        code: 'ERR_NODE_PROOF',
        message: /^nodeattestor\(x509pop\): certificate verification failed: /,
      });
    });

    it('an intermediate that is no CA (RFC 5280 §4.2.1.9)', async () => {
      const fake = await root.childCa({ uris: [], basicConstraints: { ca: false } });
      const node = await fake.credential('/n', plain);
      await assert.rejects(attestor().attest(payloadOf(node.chain), unasked), { code: 'ERR_NODE_PROOF' });
    });

    it('an RSA key that is larger than is taken, in any certificate', async () => {
      const { privateKey: key } = await promisify(generateKeyPair)('rsa', { modulusLength: 3072 });
      const large = await root.childCa({ uris: [], key });
      const node = await large.credential('/n', plain);
      await attestor({ maxRsaKeyBits: 3072 }).attest(payloadOf(node.chain), honestNode(node.privateKey));
      await assert.rejects(attestor({ maxRsaKeyBits: 2048 }).attest(payloadOf(node.chain), unasked), {
        code: 'ERR_NODE_PROOF',
        message: 'nodeattestor(x509pop): RSA key of 3072 bits; at most 2048 are taken',
      });
    });

    it('a key that signs no challenge', async () => {
      const { privateKey: key } = await promisify(generateKeyPair)('ed25519');
      const node = await root.credential('/n', { ...plain, key });
      await assert.rejects(attestor().attest(payloadOf(node.chain), unasked), /unsupported public key type ed25519/);
    });
  });

  describe('names the agent by a template', () => {
    const node = (options: TestCertificateOptions = {}) =>
      root.credential('/n', {
        ...plain,
        serialNumber: Buffer.of(0x0a, 0xbc),
        uris: ['x509pop://example.org/rack/7', 'x509pop://example.org/path/a/b'],
        ...options,
      });
    const named = async (text: string, options?: TestCertificateOptions): Promise<string> => {
      const { chain, privateKey } = await node(options);
      const { agentPath } = await attestor({ agentPath: template(text) }).attest(
        payloadOf(chain),
        honestNode(privateKey),
      );
      return agentPath;
    };

    for (const [text, path] of [
      ['/cn/{{ .Subject.CommonName }}', '/spire/agent/cn/node-1'],
      ['/{{.PluginName}}/{{.TrustDomain}}/{{.SerialNumberHex}}', '/spire/agent/x509pop/example.org/0abc'],
      ['/rack/{{ .URISanSelectors.rack }}/n', '/spire/agent/rack/7/n'],
    ] as const) {
      it(text, async () => {
        assert.equal(await named(text), path);
      });
    }

    const wrong: readonly [string, string, TestCertificateOptions, RegExp][] = [
      ['has no such value', '/{{ .URISanSelectors.row }}', {}, /the node has no \.URISanSelectors\.row/],
      ['has no common name', '/{{ .Subject.CommonName }}', { subject: {} }, /the node has no \.Subject\.CommonName/],
      [
        'would choose another place',
        '/{{ .Subject.CommonName }}',
        { subject: { commonName: 'join_token/x' } },
        /slash/,
      ],
      ['would choose another place by a SAN', '/{{ .URISanSelectors.path }}', {}, /slash/],
      [
        'would be no path',
        '/{{ .Subject.CommonName }}',
        { subject: { commonName: 'a b' } },
        /the agent path .* is none/,
      ],
      ['would go up', '/x/{{ .Subject.CommonName }}', { subject: { commonName: '..' } }, /the agent path .* is none/],
      [
        'has two such values',
        '/{{ .URISanSelectors.rack }}',
        { uris: ['x509pop://example.org/rack/7', 'x509pop://example.org/rack/8'] },
        /several URI SANs for rack/,
      ],
    ];
    for (const [name, text, options, message] of wrong) {
      it(`and refuses a node that ${name}`, () =>
        assert.rejects(named(text, options), { code: 'ERR_NODE_PROOF', message }));
    }
  });

  describe('refuses the response', () => {
    const responses: readonly [string, () => Buffer, string][] = [
      ['that is empty', () => Buffer.alloc(0), 'ERR_INVALID_ARGUMENT'],
      ['that is no JSON', () => Buffer.from('\n'), 'ERR_INVALID_ARGUMENT'],
      ['that is longer than 8 KiB', () => Buffer.alloc(8193, 0x20), 'ERR_INVALID_ARGUMENT'],
      ['without a signature', () => json({}), 'ERR_NODE_PROOF'],
      [
        'with the signature of another kind of key',
        () => json({ rsa_signature: { nonce: b32, signature: b32 } }),
        'ERR_NODE_PROOF',
      ],
      [
        'of zeros (CVE-2022-21449)',
        () => json({ ecdsa_signature: { nonce: b32, r: 'AA==', s: 'AA==' } }),
        'ERR_NODE_PROOF',
      ],
      [
        'of numbers longer than the curve',
        () => json({ ecdsa_signature: { nonce: b32, r: b33, s: b33 } }),
        'ERR_NODE_PROOF',
      ],
    ];
    const b32 = Buffer.alloc(32, 1).toString('base64');
    const b33 = Buffer.alloc(33, 1).toString('base64');
    for (const [name, response, code] of responses) {
      it(name, async () => {
        const node = await root.credential('/n', plain);
        await assert.rejects(
          attestor().attest(payloadOf(node.chain), () => Promise.resolve(response())),
          { code },
        );
      });
    }

    it('by another key, and with a nonce of another length', async () => {
      const node = await root.credential('/n', plain);
      const other = await root.credential('/n', plain);
      await attestor().attest(payloadOf(node.chain), honestNode(node.privateKey));
      for (const answer of [
        honestNode(other.privateKey),
        honestNode(node.privateKey, 31),
        honestNode(node.privateKey, 0),
      ]) {
        await assert.rejects(attestor().attest(payloadOf(node.chain), answer), {
          code: 'ERR_NODE_PROOF',
          message: 'nodeattestor(x509pop): challenge response verification failed',
        });
      }
    });

    it('to an earlier challenge', async () => {
      const node = await root.credential('/n', plain);
      let first: Promise<Buffer> | undefined;
      const answer = honestNode(node.privateKey);
      const repeat = (challenge: Uint8Array): Promise<Buffer> => (first ??= answer(challenge));
      await attestor().attest(payloadOf(node.chain), repeat);
      await assert.rejects(attestor().attest(payloadOf(node.chain), repeat), { code: 'ERR_NODE_PROOF' });
    });
  });

  describe('in the mode spiffe', () => {
    let ca: TestCa;
    before(async () => {
      ca = await TestCa.create('example.org');
    });
    const spiffe = () =>
      attestor({
        trust: { mode: 'spiffe', svidPrefix: '/spire-exchange/', bundles: X509BundleSet.of(ca.bundle()) },
        agentPath: template('/{{ .PluginName }}/{{ .SVIDPathTrimmed }}'),
      });

    it('names the agent by the path of its X.509-SVID below the prefix', async () => {
      const node = await ca.credential('/spire-exchange/rack/7');
      const { agentPath } = await spiffe().attest(payloadOf(node.chain), honestNode(node.privateKey));
      assert.equal(agentPath, '/spire/agent/x509pop/rack/7');
    });

    for (const path of ['/elsewhere/rack/7', '/spire-exchange']) {
      it(`refuses the X.509-SVID of ${path}`, async () => {
        const node = await ca.credential(path);
        await assert.rejects(spiffe().attest(payloadOf(node.chain), unasked), {
          code: 'ERR_NODE_PROOF',
          message: /doesn't match SVID prefix/,
        });
      });
    }

    it('refuses what is no X.509-SVID, and one of another trust domain', async () => {
      const foreign = await TestCa.create('other.org');
      const credentials = [
        await ca.credential('/n', plain),
        await foreign.credential('/spire-exchange/rack/7'),
        await foreign.credential('spiffe://example.org/spire-exchange/rack/7'),
      ];
      for (const { chain } of credentials) {
        await assert.rejects(spiffe().attest(payloadOf(chain), unasked), { code: 'ERR_NODE_PROOF' });
      }
    });
  });
});
