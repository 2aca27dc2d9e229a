export { addressProblem } from './address.js';
export { httpGet, type HttpGetOptions, type HttpResponse } from './http-get.js';
