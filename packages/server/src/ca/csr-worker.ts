// A worker thread that checks certificate requests: an array of them in, an array of outcomes out.
import { parentPort } from 'node:worker_threads';
import { outcomeOf } from './csr-outcome.js';

parentPort?.on('message', (requests: readonly Uint8Array[]) => {
  parentPort?.postMessage(requests.map(outcomeOf));
});
