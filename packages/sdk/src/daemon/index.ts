export { clientSocket, healthcheckFlags, socketFlags } from './client-socket.js';
export { ConnectionInjector } from './connection-injector.js';
export { withCompletion } from './completion.js';
export { loadConfigFile, parseConfig, parsedBy, parseFlagKeys, toDurationMs, unknownKeys } from './config-file.js';
export { renderDebugInfo, isoInstant } from './debug-info.js';
export { lockDataDirectory } from './data-directory-lock.js';
export { errorText, exitCodes, isUnknownMethod, statusName, usageError, type ExitCode } from './exit.js';
export { kebabCase, normaliseArguments, type FlagValues, type Flags } from './flags.js';
export { LogLevelControl, type AnnouncedLevel, type LogLevelSwitch } from './log-level-control.js';
export { levelFlags, parseLevelFlag, printLogger } from './logger-commands.js';
export { listen, listenOnSocket } from './listen.js';
export { createLogger, type LoggerOptions, type SettableLevel } from './logger.js';
export { encodeJson, outputFlags, type OutputFormat } from './output.js';
export { adminSocketBeside, defaultAgentAdminSocket, defaultPaths, type DaemonPaths } from './paths.js';
export {
  closeFd,
  descriptorOf,
  isProcessAlive,
  openPeerPidfd,
  openPidfd,
  readPeerCredentials,
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
export { QuietLog } from './quiet-log.js';
export { prepareSocketPath } from './socket-path.js';
export { abortOnSignals } from './signals.js';
export { trackSockets } from './sockets.js';
export { answer, failing } from './unary-call.js';
export { Turns } from './turns.js';
export { parseYaml } from './yaml-text.js';
