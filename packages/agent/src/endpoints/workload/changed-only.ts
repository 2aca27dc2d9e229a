// Of the states of one stream only those that differ from the last: a snapshot also changes with the caller's own SVIDs.
import type { WorkloadSnapshot } from '../../domain/workload-identity.js';
import type { SnapshotEncoder } from './snapshot-stream.js';

/** @param serialize equal messages become equal bytes */
export function changedOnly<Response>(
  serialize: (message: Response) => Buffer,
  encode: (snapshot: WorkloadSnapshot) => Response,
): SnapshotEncoder<Response> {
  let previous: Buffer | undefined;
  return (snapshot) => {
    const message = encode(snapshot);
    const bytes = serialize(message);
    if (previous?.equals(bytes)) return undefined;
    previous = bytes;
    return message;
  };
}
