import type { ErrorCode, ErrorRecord, RetryAdvice } from '../../machines/errors.ts';

/** When another try may succeed, ms: load shows within seconds, a drain has another server at once. */
const RETRY_MS: Partial<Record<ErrorCode, number>> = {
  OVERLOADED: 2_000,
  TOO_MANY: 5_000,
  QUOTA_EXCEEDED: 10_000,
  DRAINING: 500,
  BUS_UNREACHABLE: 1_000,
};

/** Advice for a client that got this error; nothing if it is not refused for the moment only. */
export function retryAdvice(
  code: ErrorCode,
  otherServer: (() => string | undefined) | undefined,
): RetryAdvice {
  const retryAfterMs = RETRY_MS[code];
  if (retryAfterMs === undefined) return {};
  // A quota is not to be evaded.
  const server = code === 'QUOTA_EXCEEDED' ? undefined : otherServer?.();
  return { retryAfterMs, ...(server !== undefined && { server }) };
}

/** An error's message with the advice in words, for protocols that have no fields for it. */
export function advisedMessage({ message, retryAfterMs, server }: ErrorRecord & RetryAdvice): string {
  if (retryAfterMs === undefined) return message;
  const later = `${message}; try again in ${Math.ceil(retryAfterMs / 1_000)} s`;
  return server === undefined ? later : `${later}, or now at ${server}`;
}
