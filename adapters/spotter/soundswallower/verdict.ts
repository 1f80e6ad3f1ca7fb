/** What is known of a suspected phrase when it is decided. */
export interface Evidence {
  /** Score of the best path with the phrase minus that of the best path without it, in the decoder's log units (about 0.1 nat). */
  readonly ratio: number;
  /** How much louder it is than what comes just before and after it, dB. */
  readonly before: number;
  readonly after: number;
  /** Its length where it fits best, 10 ms each. */
  readonly frames: number;
  /** How much worse than any phones its worst phone fits, log units a frame. */
  readonly worst: number;
}

/** What is known without looking at its phones. */
export type Whole = Omit<Evidence, 'worst'>;

/** 10 ms each. "stop" said alone lasts 250 ms and more; what is taken for it within other words is often shorter. */
export const LEAST_FRAMES = 24;

/** Amid speech, phrases with less evidence than this at the moment of the suspicion were not confirmed later. */
const WORTHWHILE = -400;

/** Where the sound before a phrase is this much quieter than the phrase, dB, the phrase begins there. */
const QUIET = 8;
/** Where the sound after it is this much quieter, dB, speech ends there: more than `QUIET`, because the pause before a consonant is quiet too. */
const SILENT = 20;

/** Log units. Fitted, see `isStop`. */
const LEAST = { alone: -760, first: -450, last: -200, amid: -20 } as const;

/** Whether speech should pause until the verdict: what has sound before it may be part of another word. `ratio`, of what was heard so far. */
export function isWorthwhile({ ratio, before }: Pick<Evidence, 'ratio' | 'before'>): boolean {
  return begins(before) || ratio > WORTHWHILE;
}

/** Whether the phrase is the first sound. */
export function begins(before: Evidence['before']): boolean {
  return before >= QUIET;
}

/** Where the sound before a phrase is this much quieter, dB, the room is quiet. Over noise and the robot's own voice each phone may fit badly. */
const ROOM = 30;
/** Frames: the phones of a shorter phrase are nearly as short as they can be. */
const SHORT = 22;
/** Log units a frame: of 130 synthetic stops in a quiet room after which speech goes on, none has more than 57. */
const MOST_WORSE = 60;

/**
 * Whether it was a stop. A phrase said alone needs little evidence, at the beginning or end of speech more, and amid speech
 * most, where its sounds occur by chance. Fitted to seven synthetic voices, clean, over noise and over the robot's voice (alone
 * −649 and better, "stop now" −422, "please stop" −195 and "robot, stop" −18 but for one each), and to the recordings of people.
 * In a quiet room each phone must be there, if the phrase is short or speech goes on after it (lab/voice-stop.md).
 */
export function isStop(evidence: Evidence): boolean {
  return isLikely(evidence) && (!isDoubtful(evidence) || evidence.worst <= MOST_WORSE);
}

/** Whether the phones of a phrase decide: only then is it worth the time to look at them. */
export function needsPhones(evidence: Whole): boolean {
  return isLikely(evidence) && isDoubtful(evidence);
}

function isLikely({ ratio, before, after }: Whole): boolean {
  return ratio > LEAST[placeOf(before, after)];
}

function isDoubtful({ before, after, frames }: Whole): boolean {
  return before >= ROOM && (frames < SHORT || after < QUIET);
}

function placeOf(before: number, after: number): keyof typeof LEAST {
  if (begins(before)) return after >= QUIET ? 'alone' : 'first';
  return after >= SILENT ? 'last' : 'amid';
}
