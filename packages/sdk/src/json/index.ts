export { decodeBase64, decodeBase64Url } from './base64.js';
export { isJsonObject, parseJson, type JsonObject, type JsonOptions } from './parse-json.js';
