import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { systemClock, type Clock } from '@credence/sdk/runtime';
import {
  DockerAttestor,
  type DockerAttestorOptions,
} from '../../../../dist/attestation/workload/docker/docker-attestor.js';
import {
  ImageSignatures,
  type ImageSignaturesOptions,
} from '../../../../dist/attestation/workload/sigstore/image-signatures.js';
import { CgroupPattern } from '../../../../dist/domain/cgroup-pattern.js';
import { until } from '../../../../../sdk/dist-test/support/until.js';
import { containerId as id, containerOf, FakeEngine, imageId } from '../../../support/fake-engine.js';
import { FakeProc } from '../../../support/fake-proc.js';
import { RecordingLogger } from '../../../support/recording-logger.js';

const { signal } = new AbortController();
const allValues = [
  'label:com.example.team:payments',
  'label:com.example.url:https://example.org:8443',
  'env:PATH=/usr/bin:/bin',
  'env:MODE=blue=green',
  'image_id:registry.example/web:1.2',
  `image_config_digest:${imageId}`,
];

describe('the docker attestor', () => {
  let proc: FakeProc;
  let engine: FakeEngine;
  let waits: number[];
  let workload: { pid: number; uid: number; gid: number };
  let afterWait: () => void;
  let log: RecordingLogger;

  beforeEach(async () => {
    [proc, engine] = [await FakeProc.create(), await FakeEngine.start()];
    workload = { pid: proc.pid, uid: 1000, gid: 2000 };
    waits = [];
    log = new RecordingLogger();
    afterWait = () => undefined;
    await proc.write('cgroup', `0::/system.slice/docker-${id}.scope\n`);
    engine.containers.set(id, containerOf(proc.pid));
  });

  afterEach(async () => {
    await engine[Symbol.asyncDispose]();
    await proc[Symbol.asyncDispose]();
  });

  const attestor = (options: Partial<DockerAttestorOptions> = {}): DockerAttestor => {
    const clock: Clock = {
      now: () => new Date(0),
      sleep: (ms, { signal: stop } = {}) => {
        stop?.throwIfAborted();
        waits.push(ms);
        afterWait();
        return Promise.resolve();
      },
    };
    const sockets = { dockerSocketPath: engine.socketPath, podmanSocketPath: '/nowhere/podman.sock' };
    const rest = {
      dockerVersion: undefined,
      podmanSocketPathTemplate: undefined,
      cgroupPatterns: [],
      verboseContainerLocatorLogs: false,
      signatures: undefined,
    };
    return new DockerAttestor({ clock, log, procPath: proc.path, ...sockets, ...rest, ...options });
  };
  const attest = (options?: Partial<DockerAttestorOptions>): Promise<readonly string[]> =>
    attestor(options).attest(workload, signal);

  it('finds labels, environment, the name of the image and the digest of its configuration', async () => {
    assert.deepEqual(await attest(), allValues);
    assert.deepEqual(waits, []);
  });

  it('asks by the newest version that the daemon knows', async () => {
    await attest();
    assert.deepEqual(
      [...new Set(engine.requests)],
      ['GET /_ping', `GET /v1.44/containers/${id}/json`, `GET /v1.44/images/${imageId}/json`],
    );
  });

  it('asks by the version that it is told', async () => {
    await attest({ dockerVersion: '1.24' });
    assert.deepEqual(engine.requests, [`GET /v1.24/containers/${id}/json`, `GET /v1.24/images/${imageId}/json`]);
  });

  it('finds nothing outside of containers, and asks nobody', async () => {
    await proc.write('cgroup', '0::/user.slice/user-1000.slice/session-1.scope\n');
    assert.deepEqual(await attest(), []);
    assert.deepEqual(engine.requests, []);
  });

  it('leaves out what the container does not have', async () => {
    const Config = { Image: '', Env: null, Labels: null };
    engine.containers.set(id, containerOf(proc.pid, { Config }));
    engine.images.clear();
    assert.deepEqual(await attest(), []);
  });

  it('leaves out the digest of an image that the daemon no longer has', async () => {
    engine.images.clear();
    assert.deepEqual(await attest(), allValues.slice(0, -1));
  });

  it('takes the digest of the image that runs, not of what its name has come to mean', async () => {
    const retagged = `sha256:${'0'.repeat(64)}`;
    engine.images.set('registry.example/web:1.2', { Id: retagged });
    assert.equal((await attest()).at(-1), `image_config_digest:${imageId}`);
  });

  describe('with the signatures of images', () => {
    const name = `registry.example/web@sha256:${'1'.repeat(64)}`;
    const skipped = `registry.example/tool@sha256:${'2'.repeat(64)}`;
    const sigstore = {
      allowedSigners: [{ issuer: 'https://ci.example', subject: 'ci' }],
      skippedImages: [skipped],
      rekorUrl: undefined,
      ignoreTlog: false,
      ignoreSct: false,
      ignoreAttestations: true,
      registryCredentials: {},
      insecureRegistries: [],
      trustedRoot: { kind: 'file', path: '/nowhere/trusted-root.json' },
    } as const;
    const attestWith = (change: Partial<ImageSignaturesOptions['sigstore']> = {}): Promise<readonly string[]> => {
      const options = { clock: systemClock, log, sigstore: { ...sigstore, ...change }, cachePath: '/nowhere' };
      return attest({ signatures: new ImageSignatures(options) });
    };
    const known = (RepoDigests: readonly string[] | null | undefined): void => {
      engine.images.set(imageId, { Id: imageId, RepoDigests });
    };

    it('fails for an image that cannot be verified, with all that it knows', async () => {
      known([name, 'other name']);
      await assert.rejects(attestWith(), ({ message }: Error) => {
        assert.match(message, /trusted_root_path \/nowhere\/trusted-root\.json holds no Sigstore trusted root: ENOENT/);
        assert.match(message, /"other name" is no name of an image/);
        return true;
      });
    });

    for (const digests of [[], null, undefined]) {
      it(`fails for an image that is of no registry (${JSON.stringify(digests)})`, async () => {
        known(digests);
        await assert.rejects(attestWith(), new RegExp(`image ${imageId} has no digest of a registry`));
      });
    }

    it('fails for an image that the daemon does not know any more', async () => {
      engine.images.clear();
      await assert.rejects(attestWith(), /answered 404/);
    });

    it('finds the other selectors of an image that is skipped, by a name or by its ID', async () => {
      known([name, skipped]);
      assert.deepEqual(await attestWith(), allValues);
      known([]);
      assert.deepEqual(await attestWith({ skippedImages: [imageId] }), allValues);
    });

    it('warns when anybody may have signed', async () => {
      known([skipped]);
      const message = 'sigstore: allowed_identities is empty, so that anybody may have signed a verified image';
      await attestWith();
      assert.equal(log.count(message), 0);
      await attestWith({ allowedSigners: [] });
      assert.equal(log.count(message), 1);
    });

    it('says before it is asked that no image can be verified', async () => {
      known([skipped]);
      await attestWith();
      await until('the log to say so', () => log.count('sigstore: no image can be verified now') > 0);
    });
  });

  describe('of Podman', () => {
    const scope = `libpod-${id}.scope`;
    const docker = { dockerSocketPath: '/nowhere/docker.sock' };

    for (const group of [`/machine.slice/${scope}`, `/libpod_parent/libpod-${id}`, `/libpod/${id}`]) {
      it(`asks root's daemon for ${group.replace(id, '<id>')}`, async () => {
        await proc.write('cgroup', `0::${group}\n`);
        assert.deepEqual(await attest({ ...docker, podmanSocketPath: engine.socketPath }), allValues);
      });
    }

    const usersGroup = `0::/user.slice/user-1000.slice/user@1000.service/user-0.slice/${scope}/container\n`;

    it("finds nothing in users' containers, whose daemons say what their users want", async () => {
      await proc.write('cgroup', usersGroup);
      assert.deepEqual(await attest({ podmanSocketPath: engine.socketPath }), []);
      assert.deepEqual(engine.requests, []);
    });

    it('asks the daemon of the user whose login it is, if it may', async () => {
      await proc.write('cgroup', usersGroup);
      await using daemon = await FakeEngine.start(join(proc.path, '1000.sock'));
      daemon.containers.set(id, containerOf(proc.pid));
      const podmanSocketPathTemplate = join(proc.path, '%d.sock');
      assert.deepEqual(await attest({ ...docker, podmanSocketPathTemplate }), allValues);
    });
  });

  describe('tries again after 100, 200 and 400 ms', () => {
    it('while the daemon does not know the container', async () => {
      engine.containers.clear();
      afterWait = () => waits.length === 3 && engine.containers.set(id, containerOf(proc.pid));
      assert.deepEqual(await attest(), allValues);
      assert.deepEqual(waits, [100, 200, 400]);
    });

    it('while the container does not run, and fails then', async () => {
      engine.containers.set(id, containerOf(0));
      await assert.rejects(attest(), { code: 'ERR_ATTESTATION', message: `container ${id} does not run` });
      assert.deepEqual(waits, [100, 200, 400]);
    });
  });

  it('fails for a process that has called a control group of its own by the container', async () => {
    await proc.write('cgroup', `0::/user.slice/user-1000.slice/user@1000.service/docker-${id}.scope\n`);
    await proc.write('cgroup', `0::/system.slice/docker-${id}.scope\n`, 17);
    engine.containers.set(id, containerOf(17));
    await assert.rejects(attest(), { code: 'ERR_ATTESTATION', message: /only seems to be in container/ });
  });

  describe('by patterns of control groups', () => {
    const cgroupPatterns = [CgroupPattern.parse('/engines/*/<id>')];

    it('finds the container that they find, and none that only other names tell of', async () => {
      assert.deepEqual(await attest({ cgroupPatterns }), []);
      await proc.write('cgroup', `0::/engines/one/${id}\n`);
      assert.deepEqual(await attest({ cgroupPatterns }), allValues);
    });

    it('fails for a process that has called a control group of its own as they say', async () => {
      await proc.write('cgroup', `0::/engines/own/${id}\n`);
      await proc.write('cgroup', `0::/engines/one/${id}\n`, 17);
      engine.containers.set(id, containerOf(17));
      await assert.rejects(attest({ cgroupPatterns }), { code: 'ERR_ATTESTATION', message: /only seems to be in/ });
    });

    it("asks root's Podman for what is called like its containers", async () => {
      await proc.write('cgroup', `0::/libpod/${id}\n`);
      const podman = { dockerSocketPath: '/nowhere/docker.sock', podmanSocketPath: engine.socketPath };
      assert.deepEqual(await attest({ cgroupPatterns: [CgroupPattern.parse('/*/<id>')], ...podman }), allValues);
    });
  });

  it('logs the control groups of each process only where that is wanted', async () => {
    await attest();
    assert.deepEqual(log.records, []);
    await attest({ verboseContainerLocatorLogs: true });
    assert.deepEqual(log.records, [
      {
        level: 'debug',
        message: 'control groups of a process',
        fields: { pid: proc.pid, count: 1, paths: [`/system.slice/docker-${id}.scope`] },
      },
    ]);
  });

  const answers: readonly { readonly name: string; readonly body: unknown; readonly message: RegExp }[] = [
    { name: 'another container', body: containerOf(1, { Id: 'f'.repeat(64) }), message: /another container/ },
    { name: 'no object', body: 7, message: /unknown form/ },
    { name: 'no state', body: { ...containerOf(1), State: undefined }, message: /unknown form/ },
    { name: 'a negative pid', body: containerOf(-1), message: /unknown form/ },
    {
      name: 'labels that are numbers',
      body: { ...containerOf(1), Config: { Image: '', Labels: { a: 1 } } },
      message: /unknown form/,
    },
  ];
  for (const { name, body, message } of answers) {
    it(`fails when the daemon describes ${name}`, async () => {
      engine.containers.set(id, body);
      await assert.rejects(attest(), { code: 'ERR_ATTESTATION', message });
    });
  }

  const isContainer = (path: string): boolean => path.includes('/containers/');
  const faults: readonly {
    readonly name: string;
    readonly answer: (response: ServerResponse) => void;
    readonly error: object;
  }[] = [
    { name: 'an error', answer: (response) => response.writeHead(500).end('{}'), error: { message: /answered 500/ } },
    {
      name: 'a redirect',
      answer: (response) => response.writeHead(301, { Location: '/x' }).end(),
      error: { message: /answered 301/ },
    },
    {
      name: 'something else than JSON, which it does not quote',
      answer: (response) => response.end('{"Env":["PASSWORD=hunter2"x]}'),
      error: (error: Error) => error.message.endsWith('not JSON') && !inspect(error).includes('hunter2'),
    },
    {
      name: 'half of an answer',
      answer: (response) => {
        response.writeHead(200, { 'Content-Length': 1000 });
        response.write('{', () => response.destroy());
      },
      error: { code: 'ECONNRESET' },
    },
    { name: 'nothing', answer: (response) => response.destroy(), error: { code: 'ECONNRESET' } },
    {
      name: 'no HTTP',
      answer: (response) => response.socket?.end('hello\r\n\r\n'),
      error: { code: /^HPE_/ },
    },
  ];
  for (const { name, answer, error } of faults) {
    it(`fails when the daemon sends ${name}`, async () => {
      engine.misbehave = (path, response) => {
        if (!isContainer(path)) return false;
        answer(response);
        return true;
      };
      await assert.rejects(attest(), error);
      assert.deepEqual(waits, [100, 200, 400]);
    });
  }

  it('reads no more than 512 KiB of an answer that never ends', async () => {
    let sent = 0;
    engine.misbehave = (path, response) => {
      if (!isContainer(path)) return false;
      const chunk = Buffer.alloc(64 * 1024, ' ');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length;
      };
      response.on('drain', more);
      more();
      return true;
    };
    await assert.rejects(attest(), { code: 'ERR_ATTESTATION', message: /more than 524288 bytes/ });
    assert.ok(sent < 4 * 4 * 1024 * 1024, `${sent} bytes were taken in four attempts`);
  });

  for (const version of [undefined, '', '1.44/../../x', 'latest']) {
    it(`fails when the daemon names ${JSON.stringify(version)} as its version`, async () => {
      engine.version = version;
      await assert.rejects(attest(), { code: 'ERR_ATTESTATION', message: /names no API version/ });
    });
  }

  it('gives up on a daemon that hangs as soon as nobody waits', async () => {
    const controller = new AbortController();
    const reason = new Error('too late');
    engine.misbehave = () => {
      controller.abort(reason);
      return true;
    };
    await assert.rejects(attestor().attest(workload, controller.signal), reason);
  });

  it('fails without a socket', async () => {
    await assert.rejects(attest({ dockerSocketPath: '/nowhere/docker.sock' }), { code: 'ENOENT' });
  });

  it('fails when nobody listens at the socket', async () => {
    const dockerSocketPath = join(proc.path, 'docker.sock');
    await writeFile(dockerSocketPath, '');
    await assert.rejects(attest({ dockerSocketPath }), { code: 'ECONNREFUSED' });
  });

  it('fails when what listens closes each connection', async () => {
    const dockerSocketPath = join(proc.path, 'closing.sock');
    const server = createServer((socket) => socket.destroy());
    await once(server.listen(dockerSocketPath), 'listening');
    await assert.rejects(attest({ dockerSocketPath }), { code: /ECONNRESET|EPIPE/ });
    server.close();
  });
});
