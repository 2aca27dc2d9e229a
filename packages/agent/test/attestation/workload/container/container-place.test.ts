import assert from 'node:assert/strict';
import {
  checkMembership,
  findContainer,
  type ContainerPlace,
} from '../../../../dist/attestation/workload/container/container-place.js';
import { FakeProc } from '../../../support/fake-proc.js';

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
      const place = await findContainer(proc.path, proc.pid);
      assert.deepEqual({ ...place, groups: [...new Set(place?.groups)] }, { id, groups, own: true });
    });
  }

  it('is named by what it has mounted when its control groups name none', async () => {
    await proc.write('cgroup', '0::/\n');
    await proc.write('mountinfo', mount('/') + mount(`/docker/${id}`));
    assert.deepEqual(await findContainer(proc.path, proc.pid), { id, groups: [`/docker/${id}`], own: false });
  });

  it('is not the one that it has mounted when its control groups name another', async () => {
    await proc.write('cgroup', `0::/docker/${id}\n`);
    await proc.write('mountinfo', mount(`/docker/${other}`));
    assert.equal((await findContainer(proc.path, proc.pid))?.id, id);
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
      assert.equal(await findContainer(proc.path, proc.pid), undefined);
    });
  }

  it('is none without such files', async () => {
    assert.equal(await findContainer(proc.path, proc.pid), undefined);
  });

  it('is not one of several', async () => {
    await proc.write('cgroup', `2:pids:/docker/${id}\n1:cpu:/docker/${other}\n`);
    await assert.rejects(findContainer(proc.path, proc.pid), {
      code: 'ERR_ATTESTATION',
      message: /several containers/,
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
