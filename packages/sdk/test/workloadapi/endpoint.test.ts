import assert from 'node:assert/strict';
import { grpcTarget, parseEndpoint, resolveEndpoint } from '../../dist/workloadapi/endpoint.js';

const unix = (path: string) => ({ kind: 'unix', path });
const tcp = (host: string, port: number) => ({ kind: 'tcp', host, port });

describe('Workload API addresses (SPIFFE Workload Endpoint §4)', () => {
  const accepted = [
    { id: 'EV-01', address: 'unix:///run/s.sock', endpoint: unix('/run/s.sock'), target: 'unix:///run/s.sock' },
    { id: 'EV-02', address: 'unix:/run/s.sock', endpoint: unix('/run/s.sock'), target: 'unix:///run/s.sock' },
    { id: 'EV-06', address: 'unix:///a%20b%2520.sock', endpoint: unix('/a b%20.sock'), target: 'unix:///a b%20.sock' },
    { id: 'EV-09', address: 'tcp://127.0.0.1:8000', endpoint: tcp('127.0.0.1', 8000), target: 'ipv4:127.0.0.1:8000' },
    { id: 'EV-09', address: 'tcp://[::1]:8000', endpoint: tcp('::1', 8000), target: 'ipv6:[::1]:8000' },
    { id: 'EV-15', address: 'TCP://127.0.0.1:8000', endpoint: tcp('127.0.0.1', 8000), target: 'ipv4:127.0.0.1:8000' },
    { id: 'EV-15', address: 'UNIX:///x', endpoint: unix('/x'), target: 'unix:///x' },
    { id: 'EV-18', address: `unix:///${'x'.repeat(106)}`, endpoint: unix(`/${'x'.repeat(106)}`) },
  ];
  for (const { id, address, endpoint, target } of accepted) {
    it(`${id}: accepts ${address}`, () => {
      const parsed = parseEndpoint(address);
      assert.deepEqual(parsed, endpoint);
      if (target !== undefined) assert.equal(grpcTarget(parsed), target);
    });
  }

  const refused: Readonly<Record<string, readonly string[]>> = {
    'EV-03': ['unix://run/s.sock', 'unix://localhost/run/s.sock', 'unix://foo'],
    'EV-04': ['unix:run/s.sock', 'unix:', 'unix://', 'unix:///', 'unix:/', 'unix:///run/'],
    'EV-05': ['unix:///s.sock?x', 'unix:///s.sock#f', 'unix:///s.sock?', 'unix://u@/s.sock', 'unix://:p@/s.sock'],
    'EV-06': ['unix:///a%2', 'unix:///a%00b', 'unix:///a%ff', 'unix:///a b.sock', 'unix:///a%0ab'],
    'EV-07': ['/run/s.sock', '', ' ', ' unix:///s', 'http://127.0.0.1:80', 'ipv4:127.0.0.1:80', 'dns:///localhost:80'],
    'EV-08': ['npipe:spire-agent'],
    'EV-10': ['tcp://localhost:8000', 'tcp://host.example:80', 'tcp://[fe80::1%25eth0]:80', 'tcp://[127.0.0.1]:80'],
    'EV-11': ['tcp://127.1:80', 'tcp://0x7f000001:80', 'tcp://2130706433:80', 'tcp://127.0.0.01:80'],
    'EV-12': ['', ':', ':0', ':65536', ':-1', ':abc', ':080', ':8000\n'].map((end) => `tcp://127.0.0.1${end}`),
    'EV-13': ['/', '/foo', '?q', '#f'].map((end) => `tcp://127.0.0.1:8000${end}`).concat('tcp://u@127.0.0.1:8000'),
    'EV-14': ['tcp:127.0.0.1:8000', 'tcp:/127.0.0.1:8000', 'tcp://::1:8000'],
    'EV-18': [`unix:///${'x'.repeat(107)}`, `unix:///${'%C3%A9'.repeat(54)}`],
  };
  for (const [id, addresses] of Object.entries(refused)) {
    for (const address of addresses) {
      it(`${id}: refuses ${JSON.stringify(address)}`, () => {
        assert.throws(() => parseEndpoint(address), { name: 'SpiffeError', code: 'ERR_SPIFFE_ENDPOINT' });
      });
    }
  }

  describe('with SPIFFE_ENDPOINT_SOCKET', () => {
    const before = process.env['SPIFFE_ENDPOINT_SOCKET'];
    afterEach(() => {
      if (before === undefined) delete process.env['SPIFFE_ENDPOINT_SOCKET'];
      else process.env['SPIFFE_ENDPOINT_SOCKET'] = before;
    });

    it('EV-16: prefers the explicit address, and falls back to the variable', () => {
      process.env['SPIFFE_ENDPOINT_SOCKET'] = 'unix:///env.sock';
      assert.deepEqual(resolveEndpoint('unix:///explicit.sock'), unix('/explicit.sock'));
      assert.deepEqual(resolveEndpoint(), unix('/env.sock'));
    });

    for (const value of [undefined, '']) {
      it(`EV-17: names the variable when nothing is configured (${value === undefined ? 'unset' : 'empty'})`, () => {
        if (value === undefined) delete process.env['SPIFFE_ENDPOINT_SOCKET'];
        else process.env['SPIFFE_ENDPOINT_SOCKET'] = value;
        assert.throws(() => resolveEndpoint(), { code: 'ERR_SPIFFE_ENDPOINT', message: /SPIFFE_ENDPOINT_SOCKET/ });
      });
    }
  });
});
