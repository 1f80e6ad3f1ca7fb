/** The 16-bit samples of a mono PCM WAV file. */
export function wavSamples(file: Buffer): Int16Array {
  const at = file.indexOf('data') + 8;
  const bytes = file.subarray(at, file.length - ((file.length - at) % 2));
  return new Int16Array(Uint8Array.from(bytes).buffer);
}

/** RMS of every 20 ms. */
export function loudness(samples: Int16Array, rate: number): number[] {
  const length = Math.round(rate / 50);
  return Array.from({ length: Math.floor(samples.length / length) }, (_, frame) => {
    const part = samples.subarray(frame * length, (frame + 1) * length);
    return Math.sqrt(part.reduce((sum, value) => sum + value * value, 0) / length);
  });
}

/** Similarity of two loudness curves: their correlation in decibels (1 is identical), at the shift where it is highest. At least 80 frames (1.6 s) are compared.
 */
export function likeness(a: readonly number[], b: readonly number[]): number {
  const left = a.map(decibels);
  const right = b.map(decibels);
  let best = -1;
  for (let shift = 80 - right.length; shift <= left.length - 80; shift++) {
    const from = Math.max(0, shift);
    const to = Math.min(left.length, shift + right.length);
    if (to - from < 80) continue;
    best = Math.max(best, correlation(left.slice(from, to), right.slice(from - shift, to - shift)));
  }
  return best;
}

/** Below −50 dB of full scale is silence, where noise suppression makes levels meaningless. */
function decibels(rms: number): number {
  return 20 * Math.log10(Math.max(rms, 100));
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const meanA = mean(a);
  const meanB = mean(b);
  const covariance = mean(a.map((value, i) => (value - meanA) * ((b[i] ?? 0) - meanB)));
  const spread = (values: readonly number[], centre: number) =>
    Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
  const product = spread(a, meanA) * spread(b, meanB);
  return product === 0 ? 0 : covariance / product;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
