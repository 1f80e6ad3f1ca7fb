/** Durations and limits of the work protocol, for both sides. */
export interface WorkOptions {
  /** Client: a request that no worker has accepted after this is ENGINE_LOST. 1,000. */
  readonly acceptMs: number;
  /** Worker: sends a beat when it has sent nothing for this long. 500. */
  readonly beatMs: number;
  /** Client: a worker that was silent for this long is ENGINE_LOST. Three beats: 1,500. */
  readonly lostMs: number;
  /** Client: sends a sign of life when it has sent nothing for this long. 1,000. */
  readonly aliveMs: number;
  /** Worker: stops working for a client that was silent for this long. Three signs of life: 3,000. */
  readonly clientLostMs: number;
  /** Worker: how long `close` lets running requests go on. 5,000. */
  readonly graceMs: number;
  /** Both: what may wait for a slow reader in one request; beyond it the request fails with ENGINE_OVERLOADED. 16 MiB. */
  readonly maxQueuedBytes: number;
  /** Worker: requests at once; more are refused with ENGINE_OVERLOADED. 1,000. */
  readonly maxActive: number;
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
};

export function workOptions(options: Partial<WorkOptions> | undefined): WorkOptions {
  return options ? { ...DEFAULTS, ...options } : DEFAULTS;
}
