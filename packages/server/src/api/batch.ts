// Batches: each item has its own outcome, in the order of the request, and one that fails does not stop the others.
import { shortenJoinTokens } from '../domain/join-token.js';
import type { Call } from './call.js';
import type { Outcome } from './interceptors/audit.js';
import { outcomeOf, toStatus } from './interceptors/errors.js';

/** What an item came to, as the wire wants it. */
export interface ItemResult {
  readonly status: Outcome;
}

/** Runs the items; an item that throws gets its error's status. Each leaves a line in the audit record. */
export async function runBatch<Item, Result extends ItemResult>(
  call: Pick<Call, 'audit'>,
  items: readonly Item[],
  auditFields: (item: Item) => object,
  run: (item: Item) => Promise<Result> | Result,
): Promise<(Result | ItemResult)[]> {
  // Started together and in order, so that the datastore can commit them together.
  return Promise.all(
    items.map(async (item) => {
      const note = ({ code, message }: Outcome, cause?: unknown): void => {
        call.audit.item({ fields: auditFields(item), outcome: { code, message: shortenJoinTokens(message) }, cause });
      };
      try {
        const result = await run(item);
        note(result.status);
        return result;
      } catch (error) {
        const refusal = toStatus(error);
        const outcome = outcomeOf(refusal);
        note(outcome, refusal.cause);
        return { status: outcome };
      }
    }),
  );
}
