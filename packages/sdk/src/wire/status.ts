// gRPC statuses with details: how a handler fails a call, and what a caller reads from a failed one.
import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { permissionDeniedDetails, rpcStatus } from './contracts.js';
import type { _spire_api_types_PermissionDeniedDetails_Reason__Output as PermissionDeniedReason } from './gen/spire/api/types/PermissionDeniedDetails.js';

export type { PermissionDeniedReason };

const detailsKey = 'grpc-status-details-bin';
const permissionDeniedType = 'type.googleapis.com/spire.api.types.PermissionDeniedDetails';

/** An error that ends a call with this status and text; the text leaves the process. */
export class StatusError extends Error implements Partial<StatusObject> {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;

  constructor(code: status, details: string, options: { metadata?: Metadata; cause?: unknown } = {}) {
    // grpc-js percent-encodes the details, which throws for half a surrogate pair (ECMA-262 §19.2.6.5): as UTF-8 it is
    // U+FFFD.
    const wellFormed = Buffer.from(details).toString();
    super(wellFormed, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StatusError';
    this.code = code;
    this.details = wellFormed;
    this.metadata = options.metadata ?? new Metadata();
  }
}

/** PERMISSION_DENIED that tells an agent what to do: attest again, or shut down. */
export function permissionDenied(message: string, reason: PermissionDeniedReason): StatusError {
  const details = { type_url: permissionDeniedType, value: permissionDeniedDetails().serialize({ reason }) };
  const encoded = rpcStatus().serialize({ code: status.PERMISSION_DENIED, message, details: [details] });
  const metadata = new Metadata();
  metadata.set(detailsKey, encoded);
  return new StatusError(status.PERMISSION_DENIED, message, { metadata });
}

/** The reason that a refused call carries, or undefined when it carries none that can be read. */
export function permissionDeniedReason(error: ServiceError): PermissionDeniedReason | undefined {
  if (error.code !== status.PERMISSION_DENIED) return undefined;
  for (const encoded of error.metadata.get(detailsKey)) {
    try {
      const { details } = rpcStatus().deserialize(Buffer.from(encoded));
      const found = details.find((detail) => detail.type_url === permissionDeniedType);
      if (found !== undefined) return permissionDeniedDetails().deserialize(Buffer.from(found.value)).reason;
    } catch {
      // Not ours to judge: an unreadable detail is no detail.
    }
  }
  return undefined;
}

/** Whether `error` came out of a gRPC call. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' && 'metadata' in error;
}
