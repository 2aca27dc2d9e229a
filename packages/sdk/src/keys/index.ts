export { exportPrivateKey, generateKey, isKeyPair, parsePrivateKey, type KeyType } from './private-key.js';
export {
  checkPublicKeyInfo,
  importPublicKey,
  publicKeyInfoOf,
  subjectKeyId,
  type PublicKeyKind,
} from './public-key-info.js';
