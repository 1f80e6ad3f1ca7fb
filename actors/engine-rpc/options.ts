/** Durations and limits of the engine protocol, for both sides. */
export interface WorkOptions {
  /** Client: a request that no worker accepted within this time is ENGINE_LOST. 1,000. */
  readonly acceptMs: number;
  /** Worker: sends a beat after this time without another message. 500. */
  readonly beatMs: number;
  /** Client: a worker silent for this long is ENGINE_LOST. Three beats: 1,500. */
  readonly lostMs: number;
  /** Client: sends `alive` after this time without another message. 1,000. */
  readonly aliveMs: number;
  /** Worker: stops a request whose client was silent for this long. Three `alive` messages: 3,000. */
  readonly clientLostMs: number;
  /** Worker: time that `close` gives running requests. 5,000. */
  readonly graceMs: number;
  /** Both: maximum unread data of one request; beyond it the request fails with ENGINE_OVERLOADED. 16 MiB. */
  readonly maxQueuedBytes: number;
  /** Worker: maximum concurrent requests; more are refused with ENGINE_OVERLOADED. 1,000. */
  readonly maxActive: number;
  /** Worker: runs a request within the trace that its `traceparent` names. By default just runs it. */
  readonly withinTrace: (traceparent: string | undefined, run: () => Promise<void>) => Promise<void>;
}

const DEFAULTS: WorkOptions = {
  acceptMs: 1_000,
  beatMs: 500,
  lostMs: 1_500,
  aliveMs: 1_000,
  clientLostMs: 3_000,
  graceMs: 5_000,
  maxQueuedBytes: 16 * 1_024 * 1_024,
  maxActive: 1_000,
  withinTrace: (_traceparent, run) => run(),
};

export function workOptions(options: Partial<WorkOptions> | undefined): WorkOptions {
  return options ? { ...DEFAULTS, ...options } : DEFAULTS;
}
