export { importJwk, publicJwkOf, type PublicJwk } from './jwk.js';
export { fitsJwsAlgorithm, isJwsAlgorithm, jwsAlgorithms, type JwsAlgorithm } from './jws-algorithm.js';
export {
  exportPrivateKey,
  generateKey,
  isKeyPair,
  parsePrivateKey,
  parsePrivateKeyFile,
  type KeyType,
} from './private-key.js';
export {
  checkPublicKeyInfo,
  importPublicKey,
  publicKeyInfoOf,
  subjectKeyId,
  type PublicKeyKind,
} from './public-key-info.js';
