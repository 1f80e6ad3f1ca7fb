import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnxModel } from './onnx.ts';

const FFT = 512;
const RATE = 16_000;
const BINS = FFT / 2 + 1;
/** What is above this is noise to the model, Hz. */
export const TONE_DENOISER_HZ = 2_000;

/** Writes a denoiser in GTCRN's form to `folder`, which removes all that is above 2 kHz, and returns its file. */
export function writeDenoiserModel(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'gtcrn.onnx');
  const caches = ['conv', 'tra', 'inter'].map((name) => `${name}_cache`);
  const cut = Math.round((TONE_DENOISER_HZ * FFT) / RATE);
  writeFileSync(
    file,
    onnxModel({
      inputs: [
        { name: 'mix', type: 'float', dims: [1, BINS, 1, 2] },
        ...caches.map((name) => ({ name, type: 'float', dims: [1, 1] }) as const),
      ],
      outputs: [
        { name: 'enh', type: 'float', dims: [1, BINS, 1, 2] },
        ...caches.map((name) => ({ name: `${name}_out`, type: 'float', dims: [1, 1] }) as const),
      ],
      constants: [
        {
          ...{ name: 'mask', type: 'float', dims: [1, BINS, 1, 1] },
          data: Array.from({ length: BINS }, (_, bin) => (bin <= cut ? 1 : 0)),
        },
      ],
      nodes: [
        { op: 'Mul', inputs: ['mix', 'mask'], outputs: ['enh'] },
        ...caches.map((name) => ({ op: 'Identity', inputs: [name], outputs: [`${name}_out`] })),
      ],
      metadata: {
        ...{ model_type: 'gtcrn', version: 1, sample_rate: RATE },
        ...{ n_fft: FFT, hop_length: FFT / 2, window_length: FFT, window_type: 'hann_sqrt' },
        ...{ conv_cache_shape: '1,1', tra_cache_shape: '1,1', inter_cache_shape: '1,1' },
      },
    }),
  );
  return file;
}
