// `helper`: keeps the files of a program that reads its identity from files.
import { abortOnSignals, createLogger, defineCommand, errorText, exitCodes, type Terminal } from '@credence/sdk/daemon';
import { systemClock, systemRandom } from '@credence/sdk/runtime';
import { checkFiles } from '../helper/check-files.js';
import { helperFlags, loadHelperConfig } from '../helper/helper-config.js';
import { Helper } from '../helper/helper.js';
import type { HelperSettings } from '../helper/settings.js';

const flags = {
  ...helperFlags,
  init: { kind: 'boolean', default: false, help: 'write the files once, and end' },
  check: { kind: 'boolean', default: false, help: 'only say whether the files are good' },
} as const;

export const command = defineCommand(flags, async ({ init, check, ...values }, terminal) => {
  const { settings, log: logOptions } = await loadHelperConfig(values, terminal);
  if (check) return report(settings, terminal);
  const log = await createLogger(logOptions);
  using signals = abortOnSignals();
  const helper = new Helper(settings, { clock: systemClock, random: systemRandom, log });
  try {
    await (init ? helper.init(signals.signal) : helper.run(signals.signal));
  } catch (error) {
    // Without its files the work of --init is not done.
    if (!signals.signal.aborted || init) throw error;
  }
  return exitCodes.done;
});

async function report(settings: HelperSettings, terminal: Terminal): Promise<0 | 1> {
  try {
    const { id, expiresAt } = await checkFiles(settings, systemClock.now());
    terminal.out(`Files are good: ${id.toString()} until ${expiresAt.toISOString()}.\n`);
    return exitCodes.done;
  } catch (error) {
    terminal.err(`Files are not good: ${errorText(error)}\n`);
    return exitCodes.failed;
  }
}
