import { randomBytes } from 'node:crypto';

/** A finished span, as the exporter takes it. */
export interface FinishedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent for the root. */
  readonly parentId?: string;
  readonly name: string;
  /** ms since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** Error code, or why it failed. */
  readonly failed?: string;
  /** `traceparent` of the request that opened the session. */
  readonly link?: string;
}

/** 16 random bytes in hexadecimal. */
export function newTraceId(): string {
  return randomBytes(16).toString('hex');
}

/** 8 random bytes in hexadecimal. */
export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}

/** The W3C header for what a span asks of others: version 00, sampled. */
export function traceparentOf({ traceId, spanId }: Pick<FinishedSpan, 'traceId' | 'spanId'>): string {
  return `00-${traceId}-${spanId}-01`;
}
