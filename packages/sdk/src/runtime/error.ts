// One error class for all of Credence. Errors are recognised by their code, which is part of the public contract;
// the message is for people.

export interface SpiffeErrorOptions {
  /** Facts for programs and logs; never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** Default false. */
  readonly retryable?: boolean;
}

/** An error with a stable code. Each package owns a table of its codes. */
export class SpiffeError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>>;
  /** Whether doing the same again may help. */
  readonly retryable: boolean;

  constructor(code: Code, message: string, options: SpiffeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SpiffeError';
    this.code = code;
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? false;
  }
}

/** Whether `error` is a SpiffeError, by shape so that it holds across copies of the package. */
export function isSpiffeError(error: unknown, code?: string): error is SpiffeError {
  return (
    error instanceof Error &&
    error.name === 'SpiffeError' &&
    'code' in error &&
    typeof error.code === 'string' &&
    (code === undefined || error.code === code)
  );
}
