// Certificate requests made to be signed for more than the sender may have: of a request that an agent or a downstream
// server sends, the key is used and nothing else. A real server, over mutual TLS.
import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { generateKey, publicKeyInfoOf } from '@credence/sdk/keys';
import { Certificate, createCertificateRequest, encodeName } from '@credence/sdk/x509';
import { CsrSenders, signingRpcs, type SigningRpc } from '../support/csr-senders.js';
import {
  attribute,
  commonName,
  der,
  extension,
  extensionRequest,
  forgeRequest,
  generalName,
  names,
  oid,
  sequence,
} from '../support/forged-request.js';
import { call, newRequest } from '../support/grpc.js';
import { refusal } from '../support/rogue-scene.js';

const td = 'spiffe://example.org';
const key = await generateKey('ec-p256');
const own = publicKeyInfoOf(key);
const uri = generalName.uri(`${td}/victim`);
const basicConstraints = (...parts: readonly Buffer[]): Buffer => extension('2.5.29.19', sequence(...parts));
const isCa = der(1, Buffer.of(0xff));
const padding = (length: number): Buffer => attribute('1.2.840.113549.1.9.7', der(0x0c, Buffer.alloc(length, 0x61)));

/** Of agents, without the token. */
const idOf: Readonly<Record<SigningRpc, string>> = {
  BatchNewX509SVID: `${td}/own`,
  RenewAgent: `${td}/spire/agent/join_token/`,
  AttestAgent: `${td}/spire/agent/join_token/`,
  NewDownstreamX509CA: td,
};

describe('hostile certificate requests', () => {
  let senders: CsrSenders;

  before(async () => {
    senders = await CsrSenders.create();
  });

  after(() => senders[Symbol.asyncDispose]());

  /** All of a certificate that a request could wish to choose. */
  function wishes(certificate: Certificate): object {
    const { basicConstraints, keyUsage, extendedKeyUsage, nameConstraints, subject, unknownCritical } = certificate;
    // The agents that attest are named by their tokens.
    const uriSans = certificate.uriSans.map((id) => id.replace(/\/join_token\/.*/, '/join_token/'));
    const { dnsNames, ...otherNames } = certificate.subjectAltNames;
    return {
      ...{ uriSans, dnsNames, otherNames: { ...otherNames, uris: uriSans }, basicConstraints, keyUsage },
      ...{ extendedKeyUsage, nameConstraints, unknownCritical, subject },
    };
  }

  describe('that ask for more than a key', () => {
    const everyName = [
      ...[
        generalName.otherName,
        generalName.rfc822Name,
        generalName.dNSName('victim.example'),
        generalName.directoryName,
      ],
      ...[generalName.ediPartyName, uri, generalName.iPAddress, generalName.registeredID],
    ];
    const cases = [
      { name: 'the SPIFFE ID of another workload', attributes: [names(uri)] },
      { name: 'the SPIFFE ID of the server', attributes: [names(generalName.uri(`${td}/spire/server`))] },
      { name: 'the SPIFFE ID of another agent', attributes: [names(generalName.uri(`${td}/spire/agent/x`))] },
      { name: 'the SPIFFE ID of the trust domain', attributes: [names(generalName.uri(td))] },
      { name: 'a SPIFFE ID of a foreign trust domain', attributes: [names(generalName.uri('spiffe://other.test/x'))] },
      { name: 'two SPIFFE IDs', attributes: [names(uri, generalName.uri(`${td}/own`))] },
      { name: 'a URI with a NUL', attributes: [names(generalName.uri(`${td}/own\0/victim`))] },
      { name: 'DNS names', attributes: [names(generalName.dNSName('victim.example'), generalName.dNSName('*'))] },
      { name: 'a DNS name with a NUL', attributes: [names(generalName.dNSName('own.example\0.victim.example'))] },
      { name: 'an e-mail address', attributes: [names(generalName.rfc822Name)] },
      { name: 'an IP address', attributes: [names(generalName.iPAddress)] },
      { name: 'a directory name', attributes: [names(generalName.directoryName)] },
      { name: 'another name', attributes: [names(generalName.otherName)] },
      { name: 'a registered ID', attributes: [names(generalName.registeredID)] },
      { name: 'names of each kind', attributes: [names(...everyName)] },
      { name: 'to be an authority', attributes: [extensionRequest(basicConstraints(isCa, der(2, Buffer.of(9))))] },
      { name: 'to sign certificates', attributes: [extensionRequest(extension('2.5.29.15', der(3, Buffer.of(1, 6))))] },
      {
        name: 'any purpose',
        attributes: [extensionRequest(extension('2.5.29.37', sequence(oid('2.5.29.37.0'))))],
      },
      { name: 'no name constraints', attributes: [extensionRequest(extension('2.5.29.30', sequence()))] },
      { name: 'an unknown critical extension', attributes: [extensionRequest(extension('1.2.3.4.5', der(5)))] },
      { name: 'a challenge password', attributes: [padding(16)] },
      { name: 'a subject', subject: commonName('victim') },
      { name: 'a subject with a NUL', subject: commonName('own\0victim') },
      { name: 'the subject of the server', subject: encodeName({ country: ['US'], organization: ['SPIRE'] }) },
    ];

    for (const rpc of signingRpcs) {
      describe(`get from ${rpc} what the plainest request gets`, () => {
        let plain: object;
        before(async () => {
          plain = wishes(Certificate.parse(await senders.sign(rpc, newRequest(key), key)));
        });

        it('which says who it is for (the control)', () => {
          assert.deepEqual((plain as { uriSans: string[] }).uriSans, [idOf[rpc]]);
        });

        for (const { name, ...parts } of cases) {
          it(name, async () => {
            const certificate = Certificate.parse(await senders.sign(rpc, forgeRequest({ key, ...parts }), key));
            assert.deepEqual(wishes(certificate), plain);
            assert.deepEqual(certificate.publicKeyInfo, own);
          });
        }
      });
    }

    it('of an administrator: a NUL in a name is no name', async () => {
      for (const wrong of [
        names(generalName.uri(`${td}/own\0`)),
        names(generalName.uri(`${td}/own`), generalName.dNSName('own.example\0.victim.example')),
      ]) {
        const csr = forgeRequest({ key, attributes: [wrong] });
        const error = await senders.scene.nothingFrom(() =>
          refusal(call(senders.scene.admin.svids, 'MintX509SVID', { csr })),
        );
        assert.equal(error.code, status.INVALID_ARGUMENT);
      }
    });

    it('of an administrator: names of other kinds and constraints stay out of the SVID', async () => {
      const { otherName, rfc822Name, iPAddress, directoryName } = generalName;
      const sans = extension('2.5.29.17', sequence(uri, otherName, rfc822Name, iPAddress, directoryName));
      const attributes = [extensionRequest(sans, basicConstraints(isCa))];
      const { svid } = await call(senders.scene.admin.svids, 'MintX509SVID', {
        csr: forgeRequest({ key, attributes }),
      });
      const plain = createCertificateRequest({ uris: [`${td}/victim`] }, key);
      const { svid: expected } = await call(senders.scene.admin.svids, 'MintX509SVID', { csr: plain });
      const read = (chain: readonly Buffer[] = []): object => wishes(Certificate.parse(chain[0] ?? Buffer.alloc(0)));
      assert.deepEqual(read(svid?.cert_chain), read(expected?.cert_chain));
    });
  });
});
