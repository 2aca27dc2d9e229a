// The thread of judge-thread.ts: a case in, a judgement out.
import { parentPort } from 'node:worker_threads';
import { judge, type Case } from './judge.js';

parentPort?.on('message', (given: Case) => {
  parentPort?.postMessage(judge(given));
});
parentPort?.postMessage('ready');
