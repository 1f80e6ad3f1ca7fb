import type { ErrorCode } from '../../../machines/errors.ts';
import { CLOSE_CODES } from '../../../machines/wire.ts';

/** RFC 6455, section 7.4.1. */
export const NORMAL_CLOSURE = 1000;
/** RFC 6455, section 7.4.1: unexpected condition in the server. */
const INTERNAL_ERROR = 1011;

const CLOSE_CODE_OF: Partial<Record<ErrorCode, number>> = {
  BAD_MESSAGE: CLOSE_CODES.badMessage,
  BAD_HELLO: CLOSE_CODES.badMessage,
  AUDIO_BEFORE_HELLO: CLOSE_CODES.badMessage,
  UNAUTHORISED: CLOSE_CODES.unauthorised,
  FORBIDDEN: CLOSE_CODES.unauthorised,
  HELLO_TIMEOUT: CLOSE_CODES.idle,
  IDLE_TIMEOUT: CLOSE_CODES.idle,
  EPOCH_SUPERSEDED: CLOSE_CODES.superseded,
  TOO_LARGE: CLOSE_CODES.tooLarge,
  TOO_FAST: CLOSE_CODES.tooMany,
  TOO_MANY: CLOSE_CODES.tooMany,
  QUOTA_EXCEEDED: CLOSE_CODES.tooMany,
  OVERLOADED: CLOSE_CODES.tooMany,
  DRAINING: CLOSE_CODES.draining,
  // As when draining, the client should reconnect soon.
  BUS_UNREACHABLE: CLOSE_CODES.draining,
  SLOW_READER: CLOSE_CODES.slowReader,
};

/** The WebSocket close code for a fatal error. */
export function closeCodeOf(code: ErrorCode): number {
  return CLOSE_CODE_OF[code] ?? INTERNAL_ERROR;
}
