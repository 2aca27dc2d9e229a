// From proto/credence/agent/v1/explain.proto

export const Answer = {
  ANSWER_IDENTITIES: 'ANSWER_IDENTITIES',
  ANSWER_NO_IDENTITY: 'ANSWER_NO_IDENTITY',
  ANSWER_WAITS: 'ANSWER_WAITS',
  ANSWER_ATTESTATION_FAILED: 'ANSWER_ATTESTATION_FAILED',
} as const;

export type Answer =
  | 'ANSWER_IDENTITIES'
  | 0
  | 'ANSWER_NO_IDENTITY'
  | 1
  | 'ANSWER_WAITS'
  | 2
  | 'ANSWER_ATTESTATION_FAILED'
  | 3

export type Answer__Output = typeof Answer[keyof typeof Answer]
