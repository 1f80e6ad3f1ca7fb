import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';

const CODES: readonly number[] = [
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
];

/** Whether a broker refused to write because another server has written since the expected sequence or revision. */
export function isWrongSequence(error: unknown): boolean {
  return error instanceof JetStreamApiError && CODES.includes(error.code);
}
