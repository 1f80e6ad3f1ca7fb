/** What is known of a suspected phrase when it is decided. */
export interface Evidence {
  /** Score of the best path with the phrase minus that of the best path without it, in the decoder's log units (about 0.1 nat). */
  readonly ratio: number;
  /** Sound just before and after it is 6 dB quieter: it was said alone, first or last. */
  readonly quietBefore: boolean;
  readonly quietAfter: boolean;
}

/** 10 ms each. "stop" said alone lasts 250 ms and more; what is taken for it within other words is often shorter. */
export const LEAST_FRAMES = 24;

/** Amid speech, phrases with less evidence than this at the moment of the suspicion were not confirmed later. */
const WORTHWHILE = -400;

/** Whether speech should pause until the verdict: what has sound before it may be part of another word. `ratio`, of what was heard so far. */
export function isWorthwhile({ ratio, quietBefore }: Pick<Evidence, 'ratio' | 'quietBefore'>): boolean {
  return quietBefore || ratio > WORTHWHILE;
}

/**
 * Whether it was a stop. A phrase said alone needs little evidence, at the beginning or end of speech more, and amid speech
 * most, where its sounds occur by chance. Fitted to seven synthetic voices, clean, over noise and over the robot's
 * voice (alone −744 and better), and to a third of the recordings of people (amid speech −219 and worse; alone, none was suspected).
 */
export function isStop({ ratio, quietBefore, quietAfter }: Evidence): boolean {
  const least = quietBefore ? (quietAfter ? -760 : -450) : quietAfter ? -200 : -100;
  return ratio > least;
}
