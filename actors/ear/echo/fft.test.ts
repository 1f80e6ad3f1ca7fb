import { describe, expect, it } from 'vitest';
import { BINS, FFT_SIZE, forward, inverse, spectrum } from './fft.ts';

describe('the transform', () => {
  it('finds the frequency, level and phase of a tone', () => {
    const tone = Float32Array.from({ length: FFT_SIZE }, (_, i) =>
      Math.cos((2 * Math.PI * 5 * i) / FFT_SIZE + 1),
    );
    const out = spectrum();
    forward(tone, out);
    expect(out.re[5]).toBeCloseTo((Math.cos(1) * FFT_SIZE) / 2, 3);
    expect(out.im[5]).toBeCloseTo((Math.sin(1) * FFT_SIZE) / 2, 3);
    for (let k = 0; k < BINS; k++)
      if (k !== 5) expect(Math.hypot(out.re[k] ?? 0, out.im[k] ?? 0)).toBeLessThan(1e-3);
  });

  it('is undone by its inverse', () => {
    const noise = Float32Array.from({ length: FFT_SIZE }, (_, i) => Math.sin(i * i));
    const out = spectrum();
    const back = new Float32Array(FFT_SIZE);
    forward(noise, out);
    inverse(out, back);
    for (let i = 0; i < FFT_SIZE; i++) expect(back[i]).toBeCloseTo(noise[i] ?? 0, 5);
  });
});
