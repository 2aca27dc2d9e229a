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
  /** What is answered when it passes, and ought to be known all the same. */
  readonly warning?: () => string | undefined;
}

export function livePage(): Promise<Page> {
  return Promise.resolve(page(200, {}));
}

export async function readyPage(checks: readonly HealthCheck[], log: Logger): Promise<Page> {
  const results = await Promise.all(checks.map(async (check) => [check.name, await resultOf(check, log)] as const));
  const status = results.every(([, { err }]) => err === undefined) ? 200 : 500;
  return page(status, Object.fromEntries(results));
}

interface Result {
  readonly err?: string;
  readonly warning?: string;
}

async function resultOf({ name, failure, run, warning }: HealthCheck, log: Logger): Promise<Result> {
  try {
    await run();
    const text = warning?.();
    return text === undefined ? {} : { warning: text };
  } catch (error) {
    log.warn({ err: error, check: name }, 'not ready');
    return { err: failure };
  }
}

function page(status: number, body: object): Page {
  return { status, contentType: 'application/json', body: `${JSON.stringify(body)}\n` };
}
