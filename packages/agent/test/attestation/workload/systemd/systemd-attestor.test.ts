import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { SystemdAttestor } from '../../../../dist/attestation/workload/systemd/systemd-attestor.js';
import { FakeMessageBus, type ReceivedCall } from '../../../support/fake-message-bus.js';

const { signal } = new AbortController();
const workload = { pid: 4242, uid: 1000, gid: 2000 };
const values = ['id:web.service', 'fragment_path:/etc/systemd/system/web.service'];

describe('the systemd attestor', () => {
  let bus: FakeMessageBus;

  beforeEach(async () => {
    bus = await FakeMessageBus.start();
    bus.units.set(workload.pid, { Id: 'web.service', FragmentPath: '/etc/systemd/system/web.service' });
  });

  afterEach(async () => {
    await bus[Symbol.asyncDispose]();
  });

  const attest = (stop = signal): Promise<readonly string[]> =>
    new SystemdAttestor({ busSocketPath: bus.socketPath }).attest(workload, stop);

  it('finds the unit and its file', async () => {
    assert.deepEqual(await attest(), values);
  });

  it('asks the service manager, starts nothing, and says who it is as the kernel does', async () => {
    await attest();
    assert.deepEqual(bus.lines, [
      `\0AUTH EXTERNAL ${Buffer.from(String(process.geteuid?.())).toString('hex')}`,
      'BEGIN',
    ]);
    const unit = '/org/freedesktop/systemd1/unit/_4242';
    const properties = ['org.freedesktop.systemd1', unit, 'org.freedesktop.DBus.Properties', 'Get'];
    assert.deepEqual(
      bus.calls.map((call) => [call.destination, call.path, call.interface, call.member, call.arguments]),
      [
        ['org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'Hello', []],
        [
          'org.freedesktop.systemd1',
          '/org/freedesktop/systemd1',
          'org.freedesktop.systemd1.Manager',
          'GetUnitByPID',
          [4242],
        ],
        [...properties, ['org.freedesktop.systemd1.Unit', 'Id']],
        [...properties, ['org.freedesktop.systemd1.Unit', 'FragmentPath']],
      ],
    );
    assert.deepEqual(new Set(bus.calls.map(({ flags }) => flags)), new Set([2]));
  });

  it('finds an empty path of a unit that has no file', async () => {
    bus.units.set(workload.pid, { Id: 'session-1.scope', FragmentPath: '' });
    assert.deepEqual(await attest(), ['id:session-1.scope', 'fragment_path:']);
  });

  it('finds nothing of a process in no unit', async () => {
    bus.units.clear();
    assert.deepEqual(await attest(), []);
  });

  for (const littleEndian of [true, false]) {
    for (const pieceBytes of [1, 7, 2 ** 20]) {
      it(`reads ${littleEndian ? 'little' : 'big'}-endian messages in pieces of ${pieceBytes} bytes`, async () => {
        Object.assign(bus, { littleEndian, pieceBytes });
        assert.deepEqual(await attest(), values);
      });
    }
  }

  const onUnit = (answer: (call: ReceivedCall, socket: Socket) => void): void => {
    bus.misbehave = (call, socket) => {
      if (call.member !== 'GetUnitByPID') return false;
      answer(call, socket);
      return true;
    };
  };

  it('waits for the answer to its own call', async () => {
    onUnit((call, socket) => {
      bus.reply(socket, { ...call, serial: call.serial - 1 }, 'o', '/wrong');
      bus.refuse(socket, { ...call, serial: call.serial + 1 }, 'wrong.Error');
      bus.send(socket, bus.message(4, [[5, 'u', call.serial]], 'o', '/wrong'));
      bus.reply(socket, call, 'o', '/org/freedesktop/systemd1/unit/_4242');
    });
    assert.deepEqual(await attest(), values);
  });

  it('fails when the bus does not let it in', async () => {
    bus.authenticates = false;
    await assert.rejects(attest(), { code: 'ERR_ATTESTATION', message: /does not let the agent in/ });
  });

  it('fails when there is no service manager', async () => {
    const name = 'org.freedesktop.DBus.Error.NameHasNoOwner';
    onUnit((call, socket) => {
      bus.refuse(socket, call, name);
    });
    await assert.rejects(attest(), { name, message: `the message bus answered ${name}` });
  });

  const answers: readonly {
    readonly name: string;
    readonly answer: (call: ReceivedCall, socket: Socket) => void;
    readonly message: RegExp;
  }[] = [
    { name: 'nothing', answer: (_, socket) => socket.end(), message: /closed the connection/ },
    {
      name: 'half of a message',
      answer: (call, socket) => socket.end(bus.message(2, [[5, 'u', call.serial]], 'o', '/x').subarray(0, -3)),
      message: /closed the connection/,
    },
    {
      name: 'a value of another type',
      answer: (call, socket) => {
        bus.reply(socket, call, 's', '/x');
      },
      message: /returned s from GetUnitByPID/,
    },
    {
      name: 'no value',
      answer: (call, socket) => {
        bus.reply(socket, call, '', '');
      },
      message: /returned undefined from GetUnitByPID/,
    },
    {
      name: 'a value and something behind it',
      answer: (call, socket) => {
        const message = bus.message(2, [[5, 'u', call.serial]], 'o', '/x');
        message.writeUInt32LE(message.readUInt32LE(4) + 4, 4);
        socket.write(Buffer.concat([message, Buffer.alloc(4)]));
      },
      message: /more than one value/,
    },
    {
      name: 'a text with a zero within',
      answer: (call, socket) => {
        bus.reply(socket, call, 'o', '/x\0y');
      },
      message: /zero at the wrong place/,
    },
    {
      name: 'a text that is longer than its message',
      answer: (call, socket) => {
        const message = bus.message(2, [[5, 'u', call.serial]], 'o', '/x');
        socket.write(message.fill(0xff, message.length - 7, message.length - 3));
      },
      message: /ends too early/,
    },
    { name: 'no message', answer: (_, socket) => socket.write('x'.repeat(64)), message: /byte order/ },
    {
      name: 'a message of another version',
      answer: (_, socket) => socket.write(bus.message(2, []).fill(2, 3, 4)),
      message: /unknown version/,
    },
    {
      name: 'a message of 1 GiB',
      answer: (_, socket) => {
        const message = bus.message(2, []);
        message.writeUInt32LE(2 ** 30, 4);
        socket.write(message);
      },
      message: /larger than 65536 bytes/,
    },
  ];
  for (const { name, answer, message } of answers) {
    it(`fails when it is answered by ${name}`, async () => {
      onUnit(answer);
      await assert.rejects(attest(), { code: 'ERR_ATTESTATION', message });
    });
  }

  it('fails when a line of the authentication does not end', async () => {
    await rm(bus.socketPath);
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      const more = (): void => {
        while (socket.writable && socket.write('x'.repeat(1024)));
      };
      socket.on('drain', more);
      more();
    });
    await once(server.listen(bus.socketPath), 'listening');
    await assert.rejects(attest(), { code: 'ERR_ATTESTATION', message: /a line that does not end/ });
    server.close();
  });

  it('gives up on a bus that hangs as soon as nobody waits', async () => {
    const controller = new AbortController();
    const reason = new Error('too late');
    onUnit(() => {
      controller.abort(reason);
    });
    await assert.rejects(attest(controller.signal), reason);
  });

  it('fails without a bus', async () => {
    await rm(bus.socketPath);
    await assert.rejects(attest(), { code: 'ENOENT' });
  });

  it('fails when nobody listens', async () => {
    await rm(bus.socketPath);
    await writeFile(bus.socketPath, '');
    await assert.rejects(attest(), { code: 'ECONNREFUSED' });
  });
});
