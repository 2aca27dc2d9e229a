import assert from 'node:assert/strict';
import {
  checkMembership,
  findContainer,
  type ContainerPlace,
  type ContainerSearch,
} from '../../../../dist/attestation/workload/container/container-place.js';
import { CgroupPattern } from '../../../../dist/domain/cgroup-pattern.js';
import { FakeProc } from '../../../support/fake-proc.js';
import { RecordingLogger } from '../../../support/recording-logger.js';

const id = 'ab'.repeat(32);
const other = 'cd'.repeat(32);
const mount = (root: string): string => `35 30 0:31 ${root} /sys/fs/cgroup ro - cgroup2 cgroup rw\n`;

describe('the container of a process', () => {
  let proc: FakeProc;

  beforeEach(async () => {
    proc = await FakeProc.create();
  });

  afterEach(async () => {
    await proc[Symbol.asyncDispose]();
  });

  const find = (search: Partial<ContainerSearch> = {}): Promise<ContainerPlace | undefined> =>
    findContainer({ procPath: proc.path, patterns: [], log: undefined, ...search }, proc.pid);

  const found: readonly { readonly name: string; readonly cgroup: string; readonly groups: readonly string[] }[] = [
    { name: 'Docker, cgroupfs', cgroup: `5:cpu:/docker/${id}\n4:pids:/docker/${id}\n`, groups: [`/docker/${id}`] },
    {
      name: 'Docker, systemd',
      cgroup: `0::/system.slice/docker-${id}.scope\n`,
      groups: [`/system.slice/docker-${id}.scope`],
    },
    { name: 'a group below it', cgroup: `0::/docker/${id}/init/x\n`, groups: [`/docker/${id}`] },
    {
      name: 'the inner of two',
      cgroup: `0::/docker/${other}/docker/${id}\n`,
      groups: [`/docker/${other}/docker/${id}`],
    },
    {
      name: 'Podman',
      cgroup: `0::/machine.slice/libpod-${id}.scope/container\n`,
      groups: [`/machine.slice/libpod-${id}.scope`],
    },
    { name: 'seen from a namespace', cgroup: `0::/../docker-${id}.scope\n`, groups: [`/../docker-${id}.scope`] },
    {
      name: 'in one of two hierarchies',
      cgroup: `1:name=systemd:/docker/${id}\n0::/system.slice/containerd.service\n`,
      groups: [`/docker/${id}`],
    },
  ];
  for (const { name, cgroup, groups } of found) {
    it(`is named by its control groups: ${name}`, async () => {
      await proc.write('cgroup', cgroup);
      const place = await find();
      assert.deepEqual({ ...place, groups: [...new Set(place?.groups)] }, { id, groups, own: true });
    });
  }

  it('is named by what it has mounted when its control groups name none', async () => {
    await proc.write('cgroup', '0::/\n');
    await proc.write('mountinfo', mount('/') + mount(`/docker/${id}`));
    assert.deepEqual(await find(), { id, groups: [`/docker/${id}`], own: false });
  });

  it('is not the one that it has mounted when its control groups name another', async () => {
    await proc.write('cgroup', `0::/docker/${id}\n`);
    await proc.write('mountinfo', mount(`/docker/${other}`));
    assert.equal((await find())?.id, id);
  });

  const none: readonly { readonly name: string; readonly cgroup: string }[] = [
    { name: 'outside', cgroup: '0::/user.slice/user-1000.slice/session-1.scope\n' },
    { name: '63 digits', cgroup: `0::/docker/${id.slice(1)}\n` },
    { name: '65 digits', cgroup: `0::/docker/${id}0\n` },
    { name: 'upper case', cgroup: `0::/docker/${id.toUpperCase()}\n` },
    { name: 'within a word', cgroup: `0::/docker/x${id}\n` },
    { name: 'with an underscore', cgroup: `0::/docker/${id}_\n` },
    { name: 'no groups', cgroup: '' },
  ];
  for (const { name, cgroup } of none) {
    it(`is none: ${name}`, async () => {
      await proc.write('cgroup', cgroup);
      assert.equal(await find(), undefined);
    });
  }

  it('is none without such files', async () => {
    assert.equal(await find(), undefined);
  });

  it('is not one of several', async () => {
    await proc.write('cgroup', `2:pids:/docker/${id}\n1:cpu:/docker/${other}\n`);
    await assert.rejects(find(), {
      code: 'ERR_ATTESTATION',
      message: /several containers/,
    });
  });

  describe('is named by patterns', () => {
    const patterns = ['/engine/*/<id>/*', '/docker/<id>'].map((text) => CgroupPattern.parse(text));
    const matching: readonly { readonly name: string; readonly cgroup: string; readonly groups: readonly string[] }[] =
      [
        { name: 'one', cgroup: `0::/docker/${id}\n`, groups: [`/docker/${id}`] },
        { name: 'another, as far as its ID', cgroup: `0::/engine/x/${id}/init\n`, groups: [`/engine/x/${id}`] },
        {
          name: 'in two of three hierarchies',
          cgroup: `3:cpu:/docker/${id}\n2:pids:/engine/x/${id}/y\n0::/system.slice/docker-${other}.scope\n`,
          groups: [`/docker/${id}`, `/engine/x/${id}`],
        },
      ];
    for (const { name, cgroup, groups } of matching) {
      it(name, async () => {
        await proc.write('cgroup', cgroup);
        assert.deepEqual(await find({ patterns }), { id, groups, own: true });
      });
    }

    it('and by nothing else: no other group, and none that is mounted', async () => {
      await proc.write('cgroup', `0::/system.slice/docker-${id}.scope\n`);
      await proc.write('mountinfo', mount(`/docker/${id}`));
      assert.equal((await find())?.id, id);
      assert.equal(await find({ patterns }), undefined);
    });

    it('not by two that find different ones', async () => {
      await proc.write('cgroup', `2:pids:/docker/${id}\n1:cpu:/engine/x/${other}/y\n`);
      await assert.rejects(find({ patterns }), { code: 'ERR_ATTESTATION', message: /several containers/ });
    });

    for (const name of ['web', id.slice(1), `${id}0`, id.toUpperCase(), `docker-${id}.scope`, '..']) {
      it(`not when they find ${name.replace(id, '<id>')}`, async () => {
        await proc.write('cgroup', `0::/docker/${name}\n`);
        const message = `"/docker/<id>" finds ${JSON.stringify(name)} in a control group, which is no ID of 64 digits`;
        await assert.rejects(find({ patterns }), { code: 'ERR_ATTESTATION', message });
      });
    }
  });

  describe('is looked for, and the log says where', () => {
    let log: RecordingLogger;

    beforeEach(() => {
      log = new RecordingLogger();
    });

    it('first among the control groups, then among those that are mounted', async () => {
      await proc.write('cgroup', '1:cpu:/a\n0::/\n');
      await proc.write('mountinfo', mount(`/docker/${id}`) + '36 35 98:0 /home /mnt rw - ext4 /dev/sda rw\n');
      await find({ log });
      const { pid } = proc;
      assert.deepEqual(log.records, [
        { level: 'debug', message: 'control groups of a process', fields: { pid, count: 2, paths: ['/a', '/'] } },
        {
          level: 'debug',
          message: 'control groups that a process has mounted',
          fields: { pid, count: 1, paths: [`/docker/${id}`] },
        },
      ]);
    });

    it('also when it is in several', async () => {
      await proc.write('cgroup', `2:pids:/docker/${id}\n1:cpu:/docker/${other}\n`);
      await assert.rejects(find({ log }), { message: /several containers/ });
      assert.equal(log.count('control groups of a process'), 1);
    });

    it('at no greater length than 32 paths of 512 characters', async () => {
      await proc.write('cgroup', '0::/\n');
      await proc.write('mountinfo', mount(`/${'x'.repeat(4000)}`).repeat(1000));
      await find({ log });
      const paths = Array.from({ length: 32 }, () => `/${'x'.repeat(511)}`);
      assert.deepEqual(log.records.at(-1)?.fields, { pid: proc.pid, count: 1000, paths });
    });
  });

  describe('is proven', () => {
    const first = 17;
    const place = (group: string): ContainerPlace => ({ id, groups: [group], own: true });
    const check = (at: ContainerPlace): Promise<void> => checkMembership(proc.path, proc.pid, at, first);
    const refused = { code: 'ERR_ATTESTATION', message: /only seems to be/ };

    it('by the control group of its first process', async () => {
      await proc.write('cgroup', `0::/docker/${id}\n`, first);
      await check(place(`/docker/${id}`));
    });

    it('by the same of a first process that is in a group below', async () => {
      await proc.write('cgroup', `0::/docker/${id}/init.scope\n`, first);
      await check(place(`/docker/${id}`));
    });

    it('not by a group of that name elsewhere, as users make below their own', async () => {
      await proc.write('cgroup', `0::/system.slice/docker-${id}.scope\n`, first);
      await assert.rejects(check(place(`/user.slice/user-1000.slice/docker-${id}.scope`)), refused);
    });

    it('not by a group of that name and the mount namespace', async () => {
      await proc.write('cgroup', `0::/system.slice/docker-${id}.scope\n`, first);
      await proc.setMountNamespace(4026531840);
      await proc.setMountNamespace(4026531840, first);
      await assert.rejects(check(place(`/user.slice/user-1000.slice/docker-${id}.scope`)), refused);
    });

    it('not by a group whose name begins so', async () => {
      await proc.write('cgroup', `0::/docker/${id}-x\n`, first);
      await assert.rejects(check(place(`/docker/${id}`)), refused);
    });

    it('by each control group, not by one of them', async () => {
      await proc.write('cgroup', `0::/docker/${id}\n`, first);
      await assert.rejects(check({ ...place(''), groups: [`/docker/${id}`, `/x/${id}`] }), refused);
    });

    it('by the mount namespace, when the control group was only mounted', async () => {
      await proc.write('cgroup', `0::/docker/${id}\n`, first);
      await proc.setMountNamespace(4026531840);
      await proc.setMountNamespace(4026531840, first);
      await check({ ...place(`/docker/${id}`), own: false });
    });

    it('not by a mounted control group of that name', async () => {
      await proc.write('cgroup', `0::/docker/${id}\n`, first);
      await proc.setMountNamespace(4026531840);
      await proc.setMountNamespace(4026531841, first);
      await assert.rejects(check({ ...place(`/docker/${id}`), own: false }), refused);
    });

    it('not when nothing can be seen of the first process', async () => {
      await assert.rejects(check(place(`/docker/${id}`)), refused);
    });
  });
});
