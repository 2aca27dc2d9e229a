// Who is at the other end of a connection: the process that called connect(2), as the kernel names it, held by a
// pidfd for as long as the connection lives, so that its pid cannot come to mean another process unnoticed.
import type { Socket } from 'node:net';
import { closeFd, descriptorOf, isProcessAlive, openPeerPidfd, readPeerCredentials } from '@credence/sdk/daemon';
import { readExecutable, readStartTime } from '../../attestation/workload/process.js';
import { agentError } from '../../domain/errors.js';

export interface Peer {
  readonly pid: number;
  /** Effective user and group when it connected. */
  readonly uid: number;
  readonly gid: number;
  /** When the process started, in clock ticks after boot (proc_pid_stat(5), field 22). */
  readonly startTime: string;
  /** The file that it executed, as it was when the connection was accepted; undefined: not to be seen. */
  readonly executable: string | undefined;
  /** How many bytes have come over the connection. */
  readonly received: number;
  /** Whether the process that connected still runs and its connection is still open. */
  isAlive(): boolean;
  /** Cuts the connection, with every call on it. */
  disconnect(): void;
}

/** The peer of one accepted Unix socket; owns a pidfd until {@link SocketPeer.close}. */
export class SocketPeer implements Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly startTime: string;
  readonly executable: string | undefined;
  readonly #socket: Socket;
  readonly #pidfd: number;
  #open = true;

  /**
   * @param procPath where proc(5) is mounted.
   * @throws ERR_PEER_CREDENTIALS or ERR_CALLER_UNKNOWN when it cannot be said who is calling; nothing is held then.
   */
  constructor(socket: Socket, procPath: string) {
    const fd = descriptorOf(socket);
    const { pid, uid, gid } = readPeerCredentials(fd);
    const pidfd = openPeerPidfd(fd, pid);
    try {
      this.startTime = readStartTime(procPath, pid);
      this.executable = readExecutable(procPath, pid);
      // Only now: while the pidfd lives, what was read before is of this process and not of a successor of its pid.
      if (!isProcessAlive(pidfd)) throw agentError('ERR_CALLER_UNKNOWN', `process ${pid} exited after it connected`);
    } catch (error) {
      closeFd(pidfd);
      throw error;
    }
    this.pid = pid;
    this.uid = uid;
    this.gid = gid;
    this.#pidfd = pidfd;
    this.#socket = socket;
  }

  get received(): number {
    return this.#socket.bytesRead;
  }

  isAlive(): boolean {
    // A closed descriptor may already be another file's.
    return this.#open && isProcessAlive(this.#pidfd);
  }

  disconnect(): void {
    this.#socket.destroy();
  }

  /** Gives the pidfd back; the peer counts as gone from here on. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeFd(this.#pidfd);
  }
}
