// A worker that does as it is told, and dies when it is told to.
import { parentPort, threadId } from 'node:worker_threads';

parentPort?.on('message', (jobs: readonly string[]) => {
  parentPort?.postMessage(jobs.map(obey));
});

function obey(job: string): string {
  if (job === 'throw') throw new Error('told to throw');
  if (job === 'exit') process.exit(3);
  return job === 'thread' ? String(threadId) : job.toUpperCase();
}
