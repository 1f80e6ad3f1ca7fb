import { expect, it } from 'vitest';
import { PIPELINE_RATE } from '../machines/audio.ts';
import { configSchema } from './config/schema.ts';
import { earOf } from './ear.ts';

const level = (samples: Int16Array) => samples.reduce((sum, sample) => sum + Math.abs(sample), 0);

it('takes the hum of motors out of the audio with `ear.denoise: steady`', async () => {
  const { denoiser } = await earOf(configSchema.parse({ ear: { denoise: 'steady' } }));
  const hum = Int16Array.from({ length: 2 * PIPELINE_RATE }, (_, i) =>
    Math.round(1_000 * Math.sin((2 * Math.PI * 270 * i) / PIPELINE_RATE)),
  );
  const clean = denoiser?.create().process(hum) ?? hum;
  expect(level(clean.subarray(PIPELINE_RATE))).toBeLessThan(level(hum.subarray(PIPELINE_RATE)) / 2);
});
