// Who is at the other end of a Unix socket, as the kernel says it. What cannot be known is an error: nothing here
// guesses. A pid alone names nobody, since it may be reused; it is proven by a pidfd that still lives.
import { closeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { sdkError } from '../runtime/error-codes.js';
import type { SpiffeError } from '../runtime/error.js';
import { libc } from './libc.js';

/** The process that called connect(2), with its effective user and group at that moment. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

// asm-generic/socket.h, which these architectures use as it is.
const architectures: readonly string[] = ['x64', 'arm64', 'riscv64', 'loong64', 's390x'];
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERPIDFD = 77;
const POLLIN = 1;
const sizeofCredentials = 12;
const sizeofPollfd = 8;

/**
 * The descriptor of an open socket. Node keeps it on the socket's handle, on every version that we support, but not in
 * its types.
 *
 * @throws ERR_PEER_CREDENTIALS when there is none, as after the socket was closed.
 */
export function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: unknown } | null };
  const fd = handle?.fd;
  if (typeof fd !== 'number' || fd < 0) throw unknownPeer('the connection has no descriptor');
  return fd;
}

/**
 * SO_PEERCRED of a connected Unix stream socket (unix(7)).
 *
 * @throws ERR_PEER_CREDENTIALS when the kernel does not answer, and when the peer has no pid here, as one in a foreign
 * pid namespace has none.
 */
export function readPeerCredentials(fd: number): PeerCredentials {
  const value = peerOption(fd, SO_PEERCRED, sizeofCredentials);
  if (value === undefined) throw unknownPeer(`SO_PEERCRED failed with ${errnoName()}`);
  const credentials = { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
  if (credentials.pid <= 0) throw unknownPeer(`its pid is ${credentials.pid}: it lives in a foreign pid namespace`);
  return credentials;
}

/**
 * A pidfd of the peer, close-on-exec; whoever opens it closes it. SO_PEERPIDFD names the very process that connected;
 * on kernels before 6.5, which lack it, pidfd_open(2) names the process that has `pid` now.
 *
 * @throws ERR_PEER_CREDENTIALS when there is none, as for a process that is gone.
 */
export function openPeerPidfd(fd: number, pid: number): number {
  if (!Number.isSafeInteger(pid) || pid <= 0) throw unknownPeer(`its pid is ${pid}`);
  const value = peerOption(fd, SO_PEERPIDFD, 4);
  if (value !== undefined) return value.readInt32LE(0);
  if (libc().errno() !== libc().codes['ENOPROTOOPT']) throw unknownPeer(`SO_PEERPIDFD failed with ${errnoName()}`);
  return openPidfd(pid);
}

/**
 * A pidfd of the process that has `pid` now, close-on-exec; whoever opens it closes it.
 *
 * @throws ERR_PEER_CREDENTIALS when there is no such process.
 */
export function openPidfd(pid: number): number {
  if (!Number.isSafeInteger(pid) || pid <= 0) throw unknownPeer(`its pid is ${pid}`);
  const pidfd = libc().pidfdOpen(pid);
  if (pidfd < 0) throw unknownPeer(`pidfd_open failed with ${errnoName()}`);
  return pidfd;
}

/** Whether the process runs; one that has exited and waits for its parent does not. While true, its pid is its own. */
export function isProcessAlive(pidfd: number): boolean {
  if (pidfd < 0) return false;
  const c = libc();
  const pollfd = Buffer.alloc(sizeofPollfd);
  pollfd.writeInt32LE(pidfd, 0);
  pollfd.writeInt16LE(POLLIN, 4);
  for (;;) {
    // A pidfd polls as readable once the process has exited, and as invalid when it is none.
    const ready = c.poll(pollfd, 1, 0);
    // A signal to this process says nothing about the other: signal(7), even where nothing is waited for.
    if (ready >= 0 || c.errno() !== c.codes['EINTR']) return ready === 0;
  }
}

/** Gives back a descriptor of {@link openPeerPidfd} or {@link openPidfd}. */
export function closeFd(fd: number): void {
  closeSync(fd);
}

function peerOption(fd: number, option: number, size: number): Buffer | undefined {
  if (process.platform !== 'linux' || !architectures.includes(process.arch)) {
    throw unknownPeer(
      `${process.platform} on ${process.arch} is not supported; Linux on ${architectures.join(', ')} is`,
    );
  }
  const value = Buffer.alloc(size);
  const length: [number] = [size];
  if (libc().getsockopt(fd, SOL_SOCKET, option, value, length) !== 0) return undefined;
  if (length[0] !== size) throw unknownPeer(`the kernel answered ${length[0]} bytes instead of ${size}`);
  return value;
}

function errnoName(): string {
  const errno = libc().errno();
  return Object.entries(libc().codes).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}

function unknownPeer(reason: string): SpiffeError {
  return sdkError('ERR_PEER_CREDENTIALS', `the caller's process is unknown: ${reason}`);
}
