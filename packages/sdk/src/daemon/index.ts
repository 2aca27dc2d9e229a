export { clientSocket, healthcheckFlags, socketFlags } from './client-socket.js';
export { withCompletion } from './completion.js';
export { loadConfigFile, parseConfig, parsedBy, parseFlagKeys, toDurationMs, unknownKeys } from './config-file.js';
export { lockDataDirectory, type DataDirectoryLock } from './data-directory-lock.js';
export { errorText, exitCodes, statusName, usageError, type ExitCode } from './exit.js';
export { kebabCase, normaliseArguments, type Flag, type FlagValues, type Flags } from './flags.js';
export { LogLevelControl, type AnnouncedLevel, type LogLevelSwitch } from './log-level-control.js';
export { listen, listenOnSocket, type SocketOptions } from './listen.js';
export {
  createLogger,
  logLevels,
  type DaemonLogger,
  type LogLevel,
  type LoggerOptions,
  type SettableLevel,
} from './logger.js';
export { encodeJson, outputFlags, type OutputFormat } from './output.js';
export { adminSocketBeside, defaultAgentAdminSocket, defaultPaths, type DaemonPaths } from './paths.js';
export {
  closeFd,
  descriptorOf,
  isProcessAlive,
  openPeerPidfd,
  openPidfd,
  readPeerCredentials,
  type PeerCredentials,
} from './peer-credentials.js';
export { processTerminal } from './process-terminal.js';
export { printable } from './printable.js';
export { Places, type PlacesOptions } from './places.js';
export {
  defineCommand,
  runProgram,
  type CommandEntry,
  type CommandModule,
  type Program,
  type Terminal,
} from './program.js';
export { QuietLog, type QuietLogOptions } from './quiet-log.js';
export { prepareSocketPath } from './socket-path.js';
export { abortOnSignals, type ProcessSignals } from './signals.js';
export { trackSockets } from './sockets.js';
export { parseYaml, type Variables, type YamlText } from './yaml-text.js';
