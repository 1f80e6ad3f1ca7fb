/** A tone that rises from 300 to 2,000 Hz: each place in it is unlike every other, so that a shift shows. */
export function chirp(samples: number, rate: number, peak = 8_000): Int16Array<ArrayBuffer> {
  const seconds = samples / rate;
  const phase = (at: number) => 2 * Math.PI * (300 * at + (1_700 * at * at) / (2 * seconds));
  return Int16Array.from({ length: samples }, (_, i) => Math.round(peak * Math.sin(phase(i / rate))));
}

/** By how many samples `heard` lags behind `played`: where the two are most alike, at most `most` either way. */
export function lagOf(heard: Int16Array, played: Int16Array, most: number): number {
  let [best, lag] = [Number.NEGATIVE_INFINITY, 0];
  for (let shift = -most; shift <= most; shift++) {
    let alike = 0;
    for (let i = most; i < played.length - most; i++) alike += (played[i] ?? 0) * (heard[i + shift] ?? 0);
    if (alike > best) [best, lag] = [alike, shift];
  }
  return lag;
}
