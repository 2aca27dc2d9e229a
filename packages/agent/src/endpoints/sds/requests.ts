// What the three RPCs ask of a request, and the words in which they refuse one.
import { printable } from '@credence/sdk/daemon';
import type { StatusError } from '@credence/sdk/wire';
import { invalidArgument } from '../workload/unary-answer.js';
import { secretTypeUrl } from './encode-secret.js';

/** Names that one stream may ask for, and the characters of all of them together. */
const mostNames = 1024;
const mostNameCharacters = 64 * 1024;

// A status travels in headers.
const mostNamesTold = 16;
const longestNameTold = 256;

/** @throws StatusError */
export function checkTypeUrl(typeUrl: string): void {
  if (typeUrl === '' || typeUrl === secretTypeUrl) return;
  throw invalidArgument(`type_url "${told(typeUrl)}" is not served here; ${secretTypeUrl} is accepted`);
}

/** The names of a request, each once; blank ones are none. @throws StatusError */
export function readNames(resourceNames: readonly string[]): ReadonlySet<string> {
  const names = new Set(resourceNames.filter((name) => name !== ''));
  checkNames(names);
  return names;
}

/** @throws StatusError */
export function checkNames(names: ReadonlySet<string>): void {
  let characters = 0;
  for (const name of names) characters += name.length;
  if (names.size <= mostNames && characters <= mostNameCharacters) return;
  const asked = `${names.size} resource names of ${characters} characters`;
  throw invalidArgument(`${asked}; ${mostNames} of ${mostNameCharacters} together are accepted on one stream`);
}

/** As SPIRE refuses names: nobody is told which of them exist. */
export function notAuthorized(names: Iterable<string>): StatusError {
  return invalidArgument(`workload is not authorized for the requested identities [${tell(names)}]`);
}

/** Names of others for a message or the log: sorted, printable, and not too many. */
export function tell(names: Iterable<string>): string {
  const sorted = [...names].sort();
  const shown = sorted.slice(0, mostNamesTold).map((name) => `"${told(name)}"`);
  const more = sorted.length - shown.length;
  return more === 0 ? shown.join(' ') : `${shown.join(' ')} and ${more} more`;
}

function told(text: string): string {
  return printable(text.slice(0, longestNameTold).replace(/[\\"]/g, '\\$&'));
}
