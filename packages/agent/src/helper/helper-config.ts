// The configuration of `helper`: a YAML file whose keys are those of spiffe-helper, and flags that stand for them. What
// the command line says counts before the file.
import { constants } from 'node:os';
import { resolve } from 'node:path';
import {
  defaultPaths,
  loadConfigFile,
  parseFlagKeys,
  unknownKeys,
  usageError,
  type Flags,
  type FlagValues,
  type LoggerOptions,
  type Terminal,
} from '@credence/sdk/daemon';
import { logLevel, path } from '@credence/sdk/daemon/config-values';
import { z } from 'zod';
import { accountNumber } from './account.js';
import type { HelperSettings } from './settings.js';

/** The flags that stand for keys of the file. */
export const helperFlags = {
  config: { kind: 'text', metavar: 'path', help: 'YAML configuration file' },
  expandEnv: { kind: 'boolean', help: 'replace ${NAME} in values of the file by the variable of the environment' },
  socketPath: { kind: 'text', metavar: 'path', help: 'Unix socket of the Workload API' },
  hint: { kind: 'text', metavar: 'hint', help: 'which identity; without it the default one' },
  certDir: { kind: 'text', metavar: 'path', help: 'folder of the files' },
  svidFileName: { kind: 'text', metavar: 'name', help: 'certificates (default: svid.pem)' },
  svidKeyFileName: { kind: 'text', metavar: 'name', help: 'key (default: svid_key.pem)' },
  svidBundleFileName: { kind: 'text', metavar: 'name', help: 'authorities (default: svid_bundle.pem)' },
  certFileMode: { kind: 'text', metavar: 'mode', help: 'permissions of certificates (default: 0644)' },
  keyFileMode: { kind: 'text', metavar: 'mode', help: 'permissions of the key (default: 0600)' },
  fileOwner: { kind: 'text', metavar: 'user', help: 'owner of the files, by name or number' },
  fileGroup: { kind: 'text', metavar: 'group', help: 'group of the files, by name or number' },
  cmd: { kind: 'text', metavar: 'program', help: 'program that is run when there are new files' },
  cmdArgs: { kind: 'list', metavar: 'argument', help: 'one argument of it; may be repeated' },
  pidFileName: { kind: 'text', metavar: 'path', help: 'file with the number of a process to signal' },
  renewSignal: { kind: 'text', metavar: 'signal', help: 'signal for that process, such as SIGHUP' },
  metricsFile: { kind: 'text', metavar: 'path', help: 'file for metrics in the text format of Prometheus' },
  logLevel: { kind: 'text', metavar: 'level', help: 'debug, info, warn or error' },
  logFile: { kind: 'text', metavar: 'path', help: 'file for the log instead of standard output' },
} as const satisfies Flags;

const fileName = z
  .string()
  .regex(/^(?!\.\.)[^/\0]{1,200}$/, 'not the name of a file in cert_dir; svid.pem is accepted')
  .refine((name) => name !== '.', 'not the name of a file');
const fileMode = z
  .string('not permissions; text such as "0640" is accepted')
  .regex(/^0?[0-7]{3}$/, 'not permissions; three octal digits such as 0640 are accepted')
  .transform((text) => parseInt(text, 8));
// As long as the key is a secret.
const keyFileMode = fileMode.refine((mode) => (mode & 0o007) === 0, 'lets everybody read the key; 0640 is accepted');
const account = z.union([z.int().nonnegative(), z.string().min(1)], 'not a user or group').transform(String);
const signalName = z
  .string()
  .transform((text) => (text.startsWith('SIG') ? text : `SIG${text}`))
  .refine((name): name is NodeJS.Signals => Object.hasOwn(constants.signals, name), 'not a signal; SIGHUP is accepted');
const shape = {
  agent_address: z.string().min(1, 'an empty address; unix:///path is accepted'),
  hint: z.string().min(1, 'an empty hint'),
  cert_dir: path,
  svid_file_name: fileName,
  svid_key_file_name: fileName,
  svid_bundle_file_name: fileName,
  cert_file_mode: fileMode,
  key_file_mode: keyFileMode,
  file_owner: account,
  file_group: account,
  cmd: z.string().min(1, 'an empty name; a program is accepted'),
  cmd_args: z.array(z.string(), 'not a list; one text for each argument is accepted'),
  pid_file_name: path,
  renew_signal: signalName,
  metrics_file: path,
  log_level: logLevel,
  log_file: path,
};
/** The file. */
export const helperSchema = z.strictObject(shape, unknownKeys(shape)).partial();

type Keys = z.output<typeof helperSchema>;

export interface HelperConfig {
  readonly settings: HelperSettings;
  readonly log: LoggerOptions;
}

/** @throws ERR_CONFIG for the file, ERR_USAGE for a flag or when something that is required is missing. */
export async function loadHelperConfig(
  { config, expandEnv, cmdArgs = [], ...given }: Partial<FlagValues<typeof helperFlags>>,
  terminal: Pick<Terminal, 'env' | 'uid'>,
): Promise<HelperConfig> {
  const flags = { ...given, ...(cmdArgs.length > 0 ? { cmdArgs } : {}) };
  const fromFlags = parseFlagKeys(helperSchema, flags, { socketPath: 'agent_address' });
  const variables = expandEnv === true ? terminal.env : undefined;
  const file = config === undefined ? {} : await loadConfigFile(config, helperSchema, variables);
  const keys = { ...file, ...fromFlags };
  return {
    settings: await settingsOf(keys, addressOf(keys.agent_address, terminal)),
    log: { level: keys.log_level ?? 'info', file: keys.log_file },
  };
}

async function settingsOf(keys: Keys, address: string): Promise<HelperSettings> {
  const { cert_dir: directory, hint, metrics_file: metricsFile } = keys;
  if (directory === undefined) {
    throw usageError('--cert-dir is required, or cert_dir in the configuration file; a folder is accepted');
  }
  return {
    address,
    hint,
    directory: {
      path: directory,
      owner: await accountNumber('user', keys.file_owner),
      group: await accountNumber('group', keys.file_group),
    },
    files: filesOf(keys),
    renewal: renewalOf(keys),
    metricsFile,
  };
}

function filesOf(keys: Keys): HelperSettings['files'] {
  const files = {
    certificates: keys.svid_file_name ?? 'svid.pem',
    key: keys.svid_key_file_name ?? 'svid_key.pem',
    bundle: keys.svid_bundle_file_name ?? 'svid_bundle.pem',
  };
  if (new Set(Object.values(files)).size < 3) throw usageError('certificates, key and bundle need three file names');
  return { ...files, certificateMode: keys.cert_file_mode ?? 0o644, keyMode: keys.key_file_mode ?? 0o600 };
}

function renewalOf(keys: Keys): HelperSettings['renewal'] {
  const { cmd, cmd_args: args = [], pid_file_name: pidFile, renew_signal: signal } = keys;
  if (pidFile !== undefined && signal === undefined) throw usageError('pid_file_name needs renew_signal');
  if (cmd === undefined && args.length > 0) throw usageError('cmd_args needs cmd');
  if (cmd === undefined && pidFile === undefined && signal !== undefined) {
    throw usageError('renew_signal needs pid_file_name or cmd');
  }
  return { command: cmd === undefined ? undefined : [cmd, ...args], pidFile, signal };
}

/** A path is a socket's, as for spiffe-helper. */
function addressOf(given: string | undefined, terminal: Pick<Terminal, 'env' | 'uid'>): string {
  const address = given ?? terminal.env['SPIFFE_ENDPOINT_SOCKET'] ?? defaultPaths('agent', terminal).socket;
  if (/^[a-z]+:/i.test(address)) return address;
  return `unix://${resolve(address).split('/').map(encodeURIComponent).join('/')}`;
}
