/** Why a recogniser rejected an utterance, as both pages read it. */
export interface Rejection {
  /** The phrase that fits best; empty if none does. */
  readonly nearest: string;
  /** 0..1: how likely that phrase was said. */
  readonly confidence: number;
  /** `silence`, `no-phrase`, `unlike`, `too-long` or `invented`; a newer server may have others. */
  readonly reason: string;
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['silence', 'Only silence or steady noise was heard.'],
  ['no-phrase', 'No known phrase fits.'],
  ['unlike', 'Too unlike every known phrase.'],
  ['too-long', 'Longer than any known phrase.'],
  ['invented', 'The recogniser made it up.'],
]);

/** A rejection as a reader wants it: the reason, and the nearest phrase with its score. */
export function rejectionWords({ nearest, confidence, reason }: Rejection): string {
  const why = REASONS.get(reason) ?? `Rejected: ${reason}.`;
  return nearest === '' ? why : `${why} Nearest: “${nearest}”, ${Math.round(confidence * 100)} % likely.`;
}
