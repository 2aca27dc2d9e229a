export { DerReader, type DerElement } from './der-reader.js';
export { DerWriter } from './der-writer.js';
export { Oid, decodeOid, encodeOid } from './oid.js';
export { parsePem, toPem } from './pem.js';
export { Tag } from './tag.js';
export { readTime } from './time.js';
