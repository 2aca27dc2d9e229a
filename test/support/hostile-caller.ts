// A process without an identity that does its worst to the agent's socket, until it is killed: on the command line, the
// socket and what to do.
import { connect as connectHttp2, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Child } from './child.js';

export const attacks = ['idle connections', 'half-open calls', 'large metadata', 'health checks'] as const;
export type Attack = (typeof attacks)[number];

const self = fileURLToPath(import.meta.url);

/** Starts the attack, as root under another user. */
export function attack(socketPath: string, kind: Attack): Child {
  const user = process.geteuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  return new Child(process.execPath, [self, socketPath, kind], user);
}

const [, script, socketPath = '', kind] = process.argv;

function session(attacker: (session: ClientHttp2Session) => void): void {
  const opened = connectHttp2('http://localhost', {
    maxSendHeaderBlockLength: 1e7,
    createConnection: () => connect(socketPath),
  });
  opened.on('error', () => undefined);
  opened.once('remoteSettings', () => {
    attacker(opened);
  });
}

function call(opened: ClientHttp2Session, path: string, headers: OutgoingHttpHeaders = {}): void {
  if (opened.destroyed) return;
  const names = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  const stream = opened.request({ ...names, 'workload.spiffe.io': 'true', ...headers });
  stream.on('error', () => undefined);
  if (path.endsWith('/Check')) stream.resume().end(Buffer.alloc(5));
}

const fetch = '/SpiffeWorkloadAPI/FetchX509SVID';
const worst: Readonly<Record<Attack, () => void>> = {
  'idle connections': () => {
    for (let i = 0; i < 3000; i++) connect(socketPath).on('error', () => undefined);
  },
  'half-open calls': () => {
    for (let i = 0; i < 20; i++) {
      session((opened) => {
        for (let n = 0; n < 1000; n++) call(opened, fetch);
      });
    }
  },
  'large metadata': () => {
    for (let i = 0; i < 6; i++) {
      session((opened) => {
        const large = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`x${n}`, 'y'.repeat(4000)]));
        for (let n = 0; n < 250; n++) call(opened, fetch, { ...large, [`y${n}`]: String(n) });
      });
    }
  },
  'health checks': () => {
    session((opened) => {
      for (let n = 0; n < 1000; n++) call(opened, '/grpc.health.v1.Health/Check');
    });
  },
};

if (script === self) {
  const again = (): void => {
    worst[kind as Attack]();
  };
  again();
  setInterval(again, 1000);
}
