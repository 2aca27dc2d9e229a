export {
  DerReader,
  DerWriter,
  Oid,
  Tag,
  decodeOid,
  encodeOid,
  parsePem,
  toPem,
  type DerElement,
} from '../der/index.js';
export { Certificate } from './certificate.js';
export { readTbsCertificate, type TbsCertificate } from './tbs-certificate.js';
export {
  readAuthorityKeyId,
  readBasicConstraints,
  readExtendedKeyUsage,
  readKeyUsage,
  readSubjectKeyId,
} from './extension-values.js';
export { readGeneralNames, type GeneralNames } from './general-names.js';
export { nameConstraintProblem, type NameConstraints } from './name-constraints.js';
export type { Extension } from './extension.js';
export {
  authorityKeyIdExtension,
  basicConstraintsExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
  nameConstraintsExtension,
  subjectAltNameExtension,
  subjectKeyIdExtension,
  type BasicConstraints,
  type KeyUsage,
  type SubjectAltNames,
  type UriNameConstraints,
} from './extensions.js';
export { encodeName, renderDistinguishedName, renderName, type DistinguishedName } from './name.js';
export {
  encodeTbsCertificate,
  signCertificate,
  signTbsCertificate,
  type CertificateTemplate,
} from './certificate-template.js';
export { CertificateRequest, createCertificateRequest, type CertificateRequestNames } from './certificate-request.js';
export { signatureAlgorithmOf, type SignatureAlgorithm } from './signature-algorithm.js';
