// What the tests of the datastore and of registration share: values with their defaults, and databases that vanish.
import { SpiffeId, TrustDomain } from '@credence/sdk';
import { silentLogger } from '@credence/sdk/runtime';
import { ManualClock } from '@credence/sdk/testing';
import type { Datastore } from '../../dist/datastore/datastore.js';
import type { SqlEngine } from '../../dist/datastore/sql/engine.js';
import { openDatastore } from '../../dist/datastore/sql/open-datastore.js';
import type { Attestation } from '../../dist/domain/attested-agent.js';
import type { NewEntry } from '../../dist/domain/registration-entry.js';
import type { Selector } from '../../dist/domain/selector.js';

export { temporaryDirectory } from '../../../sdk/dist-test/support/temporary-directory.js';

export const trustDomain = TrustDomain.parse('example.org');
export const start = new Date('2030-01-01T00:00:00Z');

/** One empty database of an engine. */
export interface TestDatabase extends AsyncDisposable {
  /** Opens it, as often as wanted one after the other. */
  open(): Promise<SqlEngine>;
}

export type CreateDatabase = () => Promise<TestDatabase>;

export interface Opened {
  readonly datastore: Datastore;
  readonly engine: SqlEngine;
  readonly clock: ManualClock;
}

/** Runs `work` with an empty datastore of its own. */
export async function withDatastore(create: CreateDatabase, work: (opened: Opened) => Promise<void>): Promise<void> {
  await using database = await create();
  const clock = new ManualClock(start);
  const engine = await database.open();
  await using datastore = await openDatastore({ engine, clock, log: silentLogger });
  await work({ datastore, engine, clock });
}

export function id(path: string): SpiffeId {
  return SpiffeId.fromPath(trustDomain, path);
}

/** `unix:uid:1` and the like. */
export function selectors(...keys: string[]): readonly Selector[] {
  return keys.map((key) => ({ type: key.slice(0, key.indexOf(':')), value: key.slice(key.indexOf(':') + 1) }));
}

export const node1 = id('/node1');
export const agent1 = id('/spire/agent/join_token/one');

export function newEntry(changes: Partial<NewEntry> = {}): NewEntry {
  return {
    id: 'web',
    spiffeId: id('/web'),
    parentId: node1,
    selectors: selectors('unix:uid:1000'),
    x509SvidTtlSeconds: 0,
    jwtSvidTtlSeconds: 0,
    federatesWith: [],
    admin: false,
    downstream: false,
    storeSvid: false,
    hint: '',
    dnsNames: [],
    expiresAt: undefined,
    additionalAttributes: undefined,
    ...changes,
  };
}

export function attestation(changes: Partial<Attestation> = {}): Attestation {
  return {
    id: agent1,
    attestationType: 'join_token',
    serialNumber: '1',
    expiresAt: new Date(start.getTime() + 3_600_000),
    canReattest: false,
    selectors: [],
    ...changes,
  };
}

/** All of an async iterable of batches. */
export async function collect<T>(batches: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}
