// The systemd attestor: which unit of the system's service manager a process belongs to.
import { agentError } from '../../../domain/errors.js';
import type { Workload, WorkloadAttestor } from '../workload-attestor.js';
import { BusError, MessageBus } from '../dbus/message-bus.js';

const manager = 'org.freedesktop.systemd1';

export interface SystemdAttestorOptions {
  /** The Unix socket of the system's message bus. */
  readonly busSocketPath: string;
}

/** Values: `id:<name of the unit>` and `fragment_path:<its file>`, empty without a file. None for a process in no unit. */
export class SystemdAttestor implements WorkloadAttestor {
  readonly type = 'systemd';
  readonly #busSocketPath: string;

  constructor({ busSocketPath }: SystemdAttestorOptions) {
    this.#busSocketPath = busSocketPath;
  }

  async attest({ pid }: Workload, signal: AbortSignal): Promise<readonly string[]> {
    using bus = await MessageBus.connect(this.#busSocketPath, signal);
    const unit = await unitOf(bus, pid);
    if (unit === undefined) return [];
    return [`id:${await property(bus, unit, 'Id')}`, `fragment_path:${await property(bus, unit, 'FragmentPath')}`];
  }
}

async function unitOf(bus: MessageBus, pid: number): Promise<string | undefined> {
  const call = {
    destination: manager,
    path: '/org/freedesktop/systemd1',
    interface: `${manager}.Manager`,
    member: 'GetUnitByPID',
    arguments: [pid],
  };
  try {
    return String(await bus.call(call, 'o'));
  } catch (error) {
    if (error instanceof BusError && error.name === `${manager}.NoUnitForPID`) return undefined;
    throw error;
  }
}

async function property(bus: MessageBus, path: string, name: string): Promise<string> {
  const value = await bus.call(
    {
      destination: manager,
      path,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      arguments: [`${manager}.Unit`, name],
    },
    'v',
  );
  if (typeof value !== 'string') throw agentError('ERR_ATTESTATION', `the unit's ${name} is no string`);
  return value;
}
