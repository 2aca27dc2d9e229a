// Of the states of one stream only those that differ from the last: a snapshot also changes with the caller's own SVIDs.

/** @param serialize equal messages become equal bytes */
export function changedOnly<State, Response>(
  serialize: (message: Response) => Buffer,
  encode: (state: State) => Response,
): (state: State) => Response | undefined {
  let previous: Buffer | undefined;
  return (state) => {
    const message = encode(state);
    const bytes = serialize(message);
    if (previous?.equals(bytes)) return undefined;
    previous = bytes;
    return message;
  };
}
