// Liveness and readiness over HTTP. Alive is a daemon whose event loop answers: starting it anew would mend no more.
// Ready is one that passes every check.
import type { Logger } from '../runtime/index.js';
import type { Page } from './http-listener.js';

/** Resolves when all is well, and throws why not. The text of what it throws goes to the log only. */
export interface HealthCheck {
  readonly name: string;
  /** What is answered when it fails. */
  readonly failure: string;
  readonly run: () => Promise<void>;
}

export function livePage(): Promise<Page> {
  return Promise.resolve(page(200, {}));
}

export async function readyPage(checks: readonly HealthCheck[], log: Logger): Promise<Page> {
  const results = await Promise.all(checks.map(async (check) => [check.name, await resultOf(check, log)] as const));
  const status = results.every(([, { err }]) => err === undefined) ? 200 : 500;
  return page(status, Object.fromEntries(results));
}

async function resultOf({ name, failure, run }: HealthCheck, log: Logger): Promise<{ readonly err?: string }> {
  try {
    await run();
    return {};
  } catch (error) {
    log.warn({ err: error, check: name }, 'not ready');
    return { err: failure };
  }
}

function page(status: number, body: object): Page {
  return { status, contentType: 'application/json', body: `${JSON.stringify(body)}\n` };
}
