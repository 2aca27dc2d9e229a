// The other form of a certificate. Of an ECDSA signature (r, s) anybody can make another one, (r, n − s), that is as
// valid: a node has two certificates of the one that its PKI gave it, with two fingerprints.
import { Certificate, DerReader, DerWriter, Tag } from '@credence/sdk/x509';

/** n of FIPS 186-5 and SEC 2, by the name that Node gives the curve. */
const orders: Readonly<Record<string, bigint>> = {
  prime256v1: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  secp384r1: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  secp521r1:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
};

/** Undefined: its issuer does not sign by ECDSA. */
export function twinOf(certificate: Certificate, issuer: Certificate): Certificate | undefined {
  const order = orders[issuer.publicKey.asymmetricKeyDetails?.namedCurve ?? ''];
  if (order === undefined) return undefined;
  const outer = DerReader.over(certificate.raw).enter(Tag.sequence, 'certificate');
  const signed = [outer.element('tbsCertificate').raw, outer.element('signatureAlgorithm').raw];
  const writer = new DerWriter(certificate.raw.length + 2);
  writer.bitString(flipped(outer.octetAlignedBits('signature'), order));
  for (const part of signed.reverse()) writer.raw(part);
  writer.header(Tag.sequence, 0);
  return Certificate.parse(writer.finish());
}

// RFC 3279 §2.2.3: Ecdsa-Sig-Value.
function flipped(signature: Buffer, order: bigint): Buffer {
  const value = DerReader.over(signature).enter(Tag.sequence, 'signature');
  const r = value.expect(Tag.integer, 'r').raw;
  const s = BigInt(`0x${value.expect(Tag.integer, 's').content.toString('hex')}`);
  const digits = (order - s).toString(16);
  const writer = new DerWriter(signature.length + 2);
  writer.unsignedInteger(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
  writer.raw(r);
  writer.header(Tag.sequence, 0);
  return writer.finish();
}
