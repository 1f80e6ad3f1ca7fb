/** What part of the session is in sight, in ms since its start. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

/** Nothing shorter is looked at, in ms: below it an event is a pixel wide. */
const SHORTEST_MS = 50;
/** Minimum length of the window, for sessions that have just begun, ms. */
const LEAST_WHOLE_MS = 1_000;
/** Room after the last record, as a share of what is in sight. */
const MARGIN = 0.02;

export function wholeWindow(durationMs: number): TimeWindow {
  return { from: 0, to: Math.max(LEAST_WHOLE_MS, durationMs * (1 + MARGIN)) };
}

/** Smaller by `factor` (larger, if below 1) about the moment `at`, which stays where it is. */
export function zoomed(window: TimeWindow, factor: number, at: number, durationMs: number): TimeWindow {
  const whole = wholeWindow(durationMs);
  const length = window.to - window.from;
  const next = Math.min(whole.to, Math.max(SHORTEST_MS, length / factor));
  const share = length > 0 ? Math.min(1, Math.max(0, (at - window.from) / length)) : 0.5;
  return within({ from: at - share * next, to: at + (1 - share) * next }, durationMs);
}

export function panned(window: TimeWindow, byMs: number, durationMs: number): TimeWindow {
  return within({ from: window.from + byMs, to: window.to + byMs }, durationMs);
}

/** The same length, and the moment in sight; the same window if it is already. */
export function showing(window: TimeWindow, at: number, durationMs: number): TimeWindow {
  if (at >= window.from && at <= window.to) return window;
  const half = (window.to - window.from) / 2;
  return within({ from: at - half, to: at + half }, durationMs);
}

/** The same length, up to now. */
export function followed(window: TimeWindow, durationMs: number): TimeWindow {
  const length = window.to - window.from;
  const to = durationMs + length * MARGIN;
  return { from: Math.max(0, to - length), to: Math.max(to, length) };
}

/** Round distances between the marks of the axis, in ms, so that about `most` of them fit. */
export function tickMs(window: TimeWindow, most: number): number {
  const wanted = (window.to - window.from) / Math.max(1, most);
  const steps = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000];
  return steps.find((step) => step >= wanted) ?? 3_600_000;
}

/** Moved to where there is something. */
function within({ from, to }: TimeWindow, durationMs: number): TimeWindow {
  const end = wholeWindow(durationMs).to;
  const length = Math.min(to - from, end);
  const start = Math.min(Math.max(0, from), end - length);
  return { from: start, to: start + length };
}
