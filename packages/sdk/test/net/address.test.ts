import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { addressProblem } from '@credence/sdk/federation';
import { guardedLookup } from '../../dist/net/address.js';

const allowed = [
  '203.0.113.7',
  '2001:db8::7',
  // Private ranges, where bundle endpoints are, too.
  '10.0.0.1',
  '172.16.0.1',
  '192.168.1.1',
  '100.64.0.1',
  'fd12:3456:789a::1',
  // This machine.
  '127.0.0.1',
  '::1',
  '::ffff:10.0.0.1',
  '64:ff9b::10.0.0.1',
  '2002:a00:1::1',
];

const refused = [
  '0.0.0.0',
  '0.1.2.3',
  '::',
  '169.254.169.254',
  '169.254.0.1',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  '224.0.0.1',
  '239.255.255.255',
  'ff02::1',
  '240.0.0.1',
  '255.255.255.255',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  'fd00:ec2::254',
  'fd00:0ec2:0:0:0:0:0:0254',
  'fd20:ce::254',
  // IPv4 inside IPv6.
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
  '0:0:0:0:0:ffff:a9fe:a9fe',
  '::169.254.169.254',
  '::ffff:0.0.0.0',
  '64:ff9b::a9fe:a9fe',
  '2002:a9fe:a9fe::1',
  '2002:e000:1::',
  // What is no address.
  '',
  'localhost',
  '127.1',
  '0x7f000001',
  '2130706433',
  '1.2.3',
  '[::1]',
];

describe('the address of a bundle endpoint', () => {
  for (const address of allowed) {
    it(`may be ${address}`, () => {
      assert.equal(addressProblem(address), undefined);
    });
  }
  for (const address of refused) {
    it(`is refused when it is "${address}"`, () => {
      assert.equal(typeof addressProblem(address), 'string');
    });
  }
});

describe('the lookup of a bundle endpoint', () => {
  const answering =
    (...addresses: string[]): Parameters<typeof guardedLookup>[0] =>
    (_hostname, _options, callback) => {
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
  const resolve = (lookup: Parameters<typeof guardedLookup>[0], all: boolean): Promise<unknown> =>
    new Promise((done, reject) => {
      guardedLookup(lookup, addressProblem)('partner.test', { all }, (error, address: string | LookupAddress[]) => {
        if (error === null) done(address);
        else reject(error);
      });
    });

  it('gives the addresses of a name, or the first', async () => {
    const lookup = answering('10.0.0.1', '2001:db8::7');
    assert.deepEqual(await resolve(lookup, true), [
      { address: '10.0.0.1', family: 4 },
      { address: '2001:db8::7', family: 6 },
    ]);
    assert.equal(await resolve(lookup, false), '10.0.0.1');
  });

  it('refuses a name of which one address is refused', async () => {
    for (const all of [true, false]) {
      await assert.rejects(resolve(answering('10.0.0.1', '169.254.169.254'), all), /169\.254\.169\.254/);
    }
  });

  it('refuses a name without an address, and passes errors on', async () => {
    await assert.rejects(resolve(answering(), false), /no address/);
    const failing: Parameters<typeof guardedLookup>[0] = (_hostname, _options, callback) => {
      callback(new Error('ENOTFOUND'), []);
    };
    await assert.rejects(resolve(failing, true), /ENOTFOUND/);
  });
});
