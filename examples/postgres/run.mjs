// PostgreSQL and its driver, both with X.509-SVIDs: the server proves that it is `database`, the client is let in by its
// certificate. No password, and no certificate that somebody has to renew.
import pg from 'pg';
import { X509Source, authorizeId } from '@credence/sdk';
import { secureContextParts } from '@credence/sdk/tls';
import { startPostgres } from './server.mjs';

const database = await X509Source.create({ hint: 'database', timeoutMs: 10_000 });
const { port, stop } = await startPostgres(database);

const caller = await X509Source.create({ hint: 'caller', timeoutMs: 10_000 });
const greeter = await X509Source.create({ hint: 'greeter', timeoutMs: 10_000 });
try {
  const pool = poolOf(caller, 'spiffe://example.org/database');
  const { rows } = await pool.query(
    'SELECT current_user, client_dn, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
  );
  console.log('database answered:', JSON.stringify(rows[0]));
  await pool.end();

  // Another workload does not become `caller`, and `caller` does not talk to another server.
  console.log('database refused greeter:', await failure(poolOf(greeter, 'spiffe://example.org/database')));
  console.log('caller hung up:', await failure(poolOf(caller, 'spiffe://example.org/bank')));
} finally {
  await stop();
  await Promise.all([database, caller, greeter].map((source) => source.close()));
}

/** Connections that take the SVID and the bundles of the moment at which each is made. */
function poolOf(source, serverId) {
  const options = { svid: source, bundles: source, authorize: authorizeId(serverId) };
  class SpiffeClient extends pg.Client {
    constructor(config) {
      // ca (of constrainedCa), cert, key, and checkServerIdentity, which looks at the SPIFFE ID instead of the host name.
      super({ ...config, ssl: { ...secureContextParts(options), rejectUnauthorized: true } });
    }
  }
  return new pg.Pool({ Client: SpiffeClient, host: '127.0.0.1', port, user: 'caller', database: 'postgres' });
}

async function failure(pool) {
  const error = await pool.query('SELECT 1').then(
    () => new Error('nothing was refused'),
    (refusal) => refusal,
  );
  await pool.end();
  return `${error.code}: ${error.message}`;
}
