import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PIPELINE_RATE } from '../../../machines/audio.ts';
import { folderOfFile } from '../../../test/support/after-test.ts';
import { toneSamples } from '../../../testing/loopback/openai-replies.ts';
import { writeDenoiserModel } from '../../../testing/models/denoiser-model.ts';
import { writeTtsModel } from '../../../testing/models/tts-model.ts';
import { detectModel } from '../../sherpa/model-folder.ts';
import { sherpaDenoiser } from './sherpa.ts';

const folder = folderOfFile();
const denoiser = async () => {
  const dir = join(folder, 'gtcrn');
  writeDenoiserModel(dir);
  return (await sherpaDenoiser(await detectModel(dir))).create();
};

/** A voice below 2 kHz, and what the model takes for noise. */
const voice = toneSamples(1_000, PIPELINE_RATE, 500);
const noise = toneSamples(1_000, PIPELINE_RATE, 5_000).map((sample) => sample / 2);

async function cleaned(samples: Int16Array, piece: number): Promise<Int16Array> {
  const stream = await denoiser();
  const out: number[] = [];
  for (let at = 0; at < samples.length; at += piece)
    out.push(...stream.process(samples.subarray(at, at + piece)));
  stream.close();
  return Int16Array.from(out);
}

it('removes noise through the real library; each sample stays in its place', async () => {
  const clean = await cleaned(
    voice.map((sample, i) => sample + (noise[i] ?? 0)),
    320,
  );
  // It holds back two steps of 16 ms.
  expect(clean.length).toBeGreaterThan(voice.length - 1_024);
  // The first window has nothing before it.
  const worst = clean.reduce(
    (most, one, i) => (i < 512 ? most : Math.max(most, Math.abs(one - (voice[i] ?? 0)))),
    0,
  );
  expect(worst).toBeLessThan(200);
});

it('gives the same in pieces of any size', async () => {
  const [large, small] = [await cleaned(voice, 1_000), await cleaned(voice, 77)];
  const length = Math.min(large.length, small.length);
  expect(small.subarray(0, length)).toEqual(large.subarray(0, length));
});

it('refuses a broken model before it could end this process', async () => {
  const broken = join(folder, 'broken');
  mkdirSync(broken);
  copyFileSync(join(writeTtsModel(join(folder, 'voice')), 'model.onnx'), join(broken, 'gtcrn.onnx'));
  const model = { kind: 'denoiser', type: 'gtcrn', files: { model: join(broken, 'gtcrn.onnx') } } as const;
  await expect(sherpaDenoiser(model)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('ear.denoise'),
  });
  const voiceModel = await detectModel(join(folder, 'voice'));
  await expect(sherpaDenoiser(voiceModel)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});
