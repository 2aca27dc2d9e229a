// A process that opens connections to a socket and is gone the moment it has them: on the command line, the socket and
// how many.
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Child } from './child.js';

const self = fileURLToPath(import.meta.url);

/** Starts one. Its standard output says how many connections it got. */
export function shortCaller(socketPath: string, connections: number): Child {
  return new Child(process.execPath, [self, socketPath, String(connections)]);
}

const [, script, socketPath = '', count] = process.argv;

if (script === self) {
  let pending = Number(count);
  let connected = 0;
  const settle = (got: number): void => {
    connected += got;
    if (--pending > 0) return;
    process.stdout.write(`${connected}\n`, () => process.kill(process.pid, 'SIGKILL'));
  };
  for (let n = pending; n > 0; n--) {
    // Nothing else keeps a connection from being taken for one that failed, or the other way round.
    connect(socketPath)
      .once('connect', () => {
        settle(1);
      })
      .once('error', () => {
        settle(0);
      });
  }
}
