import type { ErrorCode, RetryAdvice } from '../../machines/errors.ts';

/** When another try may succeed, ms: load shows within seconds, a drain has another server at once. */
const RETRY_MS: Partial<Record<ErrorCode, number>> = {
  OVERLOADED: 2_000,
  TOO_MANY: 5_000,
  DRAINING: 500,
  BUS_UNREACHABLE: 1_000,
};

/** What to tell a client that got this error; nothing if it is not refused for the moment only. */
export function retryAdvice(
  code: ErrorCode,
  otherServer: (() => string | undefined) | undefined,
): RetryAdvice {
  const retryAfterMs = RETRY_MS[code];
  if (retryAfterMs === undefined) return {};
  const server = otherServer?.();
  return { retryAfterMs, ...(server !== undefined && { server }) };
}
