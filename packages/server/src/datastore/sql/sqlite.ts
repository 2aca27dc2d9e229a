// better-sqlite3 in the build that this Node can run. Version 13 wants Node 22; version 12 is the last for Node 20, and
// ends the process on Node 24 when a statement is garbage collected.
import { createRequire } from 'node:module';
import type Library from 'better-sqlite3';

const [major] = process.versions.node.split('.').map(Number);
const name = major === 20 || major === 21 ? 'better-sqlite3' : 'better-sqlite3-napi';

/** The constructor of connections. */
export const Sqlite = createRequire(import.meta.url)(name) as typeof Library;
