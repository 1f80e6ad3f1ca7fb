/** What is known of a suspected phrase when it is decided. */
export interface Evidence {
  /** Score of the best path with the phrase minus that of the best path without it, in the decoder's log units (about 0.1 nat). */
  readonly ratio: number;
  /** The first opinion still holds it. */
  readonly kept: boolean;
  /** Length of the phrase, 10 ms each. */
  readonly frames: number;
}

const LEAST_RATIO = -300;

export function isStop({ ratio }: Evidence): boolean {
  return ratio > LEAST_RATIO;
}
