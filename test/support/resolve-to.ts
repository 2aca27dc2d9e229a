// Loaded into a process (--import): every name has the addresses that CREDENCE_TEST_ADDRESSES holds, with commas between.
import dns from 'node:dns/promises';
import { syncBuiltinESMExports } from 'node:module';

const addresses = (process.env['CREDENCE_TEST_ADDRESSES'] ?? '').split(',');
const lookup = (): Promise<{ address: string; family: number }[]> =>
  Promise.resolve(addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })));
Object.assign(dns, { lookup });
syncBuiltinESMExports();
