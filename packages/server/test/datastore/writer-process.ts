// Creates entries until it is killed, and prints the ID of each one that the datastore has acknowledged.
import { writeSync } from 'node:fs';
import { silentLogger, systemClock } from '@credence/sdk/runtime';
import { openDatastore } from '../../dist/datastore/sql/open-datastore.js';
import { id, newEntry } from './fixtures.js';

const [path] = process.argv.slice(2);
if (path === undefined) throw new TypeError('expected the path of the database');
const { entries } = await openDatastore({ path, clock: systemClock, log: silentLogger });

async function writeFor(writer: number): Promise<never> {
  for (let n = 0; ; n++) {
    const name = `${String(writer)}-${String(n)}`;
    await entries.create(newEntry({ id: name, spiffeId: id(`/${name}`) }));
    writeSync(1, `${name}\n`);
  }
}

await Promise.all([0, 1, 2].map(writeFor));
