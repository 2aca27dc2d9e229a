// A process without an identity that does its worst to a socket, until it is killed: on the command line, the socket and
// what to do. Instead of the path of an agent's Unix socket, a server's port.
import { connect as connectHttp2, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Child } from './child.js';
import { callHeaders, connectRaw, connectRawUnix, data, frame, messageHead, reset, write } from './raw-http2.js';

export const attacks = ['idle connections', 'half-open calls', 'large metadata', 'health checks'] as const;
/** Those that break off, dribble, or do not read. */
export const rudeness = [
  'frames of one byte',
  'frames of no call',
  'messages of 100 MB',
  'resets',
  'calls of no gRPC',
  'answers that nobody reads',
  'connections that come and go',
  'calls on all connections',
] as const;
export type Attack = (typeof attacks | typeof rudeness)[number];

const self = fileURLToPath(import.meta.url);

/** Starts the attack, as root under another user unless told otherwise; on a port, only what is {@link rudeness}. */
export function attack(target: string | number, kind: Attack, { sameUser = process.geteuid?.() !== 0 } = {}): Child {
  const user = sameUser ? {} : { uid: 65534, gid: 65534 };
  return new Child(process.execPath, [self, String(target), kind], user);
}

const [, script, target = '', kind] = process.argv;
const port = Number(target);

function session(attacker: (session: ClientHttp2Session) => void, initialWindowSize = 65_535): void {
  const opened = connectHttp2('http://localhost', {
    maxSendHeaderBlockLength: 1e7,
    settings: { initialWindowSize },
    createConnection: () => connect(target),
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
const validate = '/SpiffeWorkloadAPI/ValidateJWTSVID';
const ignore = (): void => undefined;
const header = { 'workload.spiffe.io': 'true' };

/** On a connection of its own: writes what `make` answers, until it has no more or the agent has enough. */
async function dribble(make: (round: number) => Buffer | undefined): Promise<void> {
  const socket = await (port > 0 ? connectRaw(port) : connectRawUnix(target));
  for (let round = 0; !socket.destroyed; round++) {
    const bytes = make(round);
    if (bytes === undefined) break;
    await write(socket, bytes);
  }
  socket.destroy();
}

const worst: Readonly<Record<Attack, () => void>> = {
  'idle connections': () => {
    for (let i = 0; i < 3000; i++) connect(target).on('error', () => undefined);
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
  'frames of one byte': () => {
    const ids = Array.from({ length: 100 }, (_, n) => 2 * n + 1);
    const open = ids.flatMap((id) => [callHeaders(id, validate, header), data(id, messageHead(120_000))]);
    const burst = Buffer.concat(ids.flatMap((id) => Array.from({ length: 20 }, () => data(id, Buffer.of(1)))));
    for (let i = 0; i < 4; i++) void dribble((round) => (round === 0 ? Buffer.concat(open) : burst)).catch(ignore);
  },
  'frames of no call': () => {
    const [settings, ping, priority] = [
      frame(4, 0, 0),
      frame(6, 0, 0, Buffer.alloc(8)),
      frame(2, 0, 1, Buffer.alloc(5)),
    ];
    for (const one of [settings, ping, priority]) {
      const burst = Buffer.concat(Array.from({ length: 2000 }, () => one));
      for (let i = 0; i < 4; i++) void dribble(() => burst).catch(ignore);
    }
  },
  'messages of 100 MB': () => {
    const open = Buffer.concat([callHeaders(1, validate, header), data(1, messageHead(100_000_000))]);
    const piece = data(1, Buffer.alloc(16_384));
    for (let i = 0; i < 20; i++)
      void dribble((round) => (round === 0 ? open : round < 6200 ? piece : undefined)).catch(ignore);
  },
  resets: () => {
    const burst = (round: number): Buffer => {
      const ids = Array.from({ length: 500 }, (_, n) => 2 * (500 * round + n) + 1);
      return Buffer.concat(ids.flatMap((id) => [callHeaders(id, fetch, header), reset(id)]));
    };
    for (let i = 0; i < 4; i++) void dribble((round) => (round < 100 ? burst(round) : undefined)).catch(ignore);
  },
  'calls of no gRPC': () => {
    const burst = (round: number): Buffer => {
      const ids = Array.from({ length: 200 }, (_, n) => 2 * (200 * round + n) + 1);
      return Buffer.concat(ids.map((id) => callHeaders(id, fetch, { 'content-type': 'text/plain' })));
    };
    for (let i = 0; i < 4; i++) void dribble((round) => (round < 1000 ? burst(round) : undefined)).catch(ignore);
  },
  'connections that come and go': () => {
    for (let i = 0; i < 2000; i++) void dribble(() => undefined).catch(ignore);
  },
  'calls on all connections': () => {
    for (let i = 0; i < 100; i++) {
      session((opened) => {
        for (let n = 0; n < 100; n++) call(opened, '/grpc.health.v1.Health/Check');
      });
    }
  },
  'answers that nobody reads': () => {
    session((opened) => {
      for (let n = 0; n < 300; n++) call(opened, '/grpc.health.v1.Health/Check');
      for (let n = 0; n < 300; n++) call(opened, fetch);
    }, 0);
  },
};

if (script === self) {
  const again = (): void => {
    worst[kind as Attack]();
  };
  again();
  setInterval(again, 1000);
}
