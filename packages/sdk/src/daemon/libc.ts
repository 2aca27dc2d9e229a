// The few calls of Linux that Node does not offer, through koffi, which is loaded when the first of them is made.
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';

/** What is called of the C library; each answers -1 and sets `errno` when it fails. */
export interface Libc {
  getsockopt(fd: number, level: number, option: number, value: Buffer, length: [number]): number;
  /** pidfd_open(2), by number: the C library knows it since glibc 2.36 only. */
  pidfdOpen(pid: number): number;
  poll(fds: Buffer, count: number, timeoutMs: number): number;
  flock(fd: number, operation: number): number;
  errno(): number;
  readonly codes: Readonly<Record<string, number>>;
}

// One number on every architecture of Linux.
const pidfdOpenNumber = 434;

let loaded: Libc | undefined;

/** @throws the error of the module loader where koffi has no binary for this machine. */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
  const library = koffi.load(null);
  const syscall = library.func('long syscall(long number, long first, long second)') as (
    ...args: readonly number[]
  ) => number;
  return {
    getsockopt: library.func(
      'int getsockopt(int fd, int level, int option, _Out_ void *value, _Inout_ uint32_t *length)',
    ) as Libc['getsockopt'],
    pidfdOpen: (pid) => syscall(pidfdOpenNumber, pid, 0),
    poll: library.func('int poll(_Inout_ void *fds, unsigned long count, int timeout)') as Libc['poll'],
    flock: library.func('int flock(int fd, int operation)') as Libc['flock'],
    errno: () => koffi.errno(),
    codes: koffi.os.errno,
  };
}
