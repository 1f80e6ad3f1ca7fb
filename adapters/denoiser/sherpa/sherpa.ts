import { z } from 'zod';
import type { Denoiser, DenoiserFactory } from '../../../actors/ports/denoiser.ts';
import { PIPELINE_RATE } from '../../../machines/audio.ts';
import { ParleyError } from '../../../machines/errors.ts';
import { loadSherpa, type OnlineSpeechDenoiser, SHERPA_PACKAGE, type Sherpa } from '../../sherpa/library.ts';
import type { SherpaModel } from '../../sherpa/model-folder.ts';
import { waveOf } from '../../sherpa/wave.ts';
import { startWorkerProcess } from '../../worker-process.ts';
import { type DenoiserModel, loadDenoiser } from './model.ts';

/**
 * A denoiser model of sherpa-onnx (GTCRN, DPDFNet at 16 kHz), one instance a stream. It runs in this process, because an ear needs its audio at
 * once. A broken model would end the process, so another one tries it first. Rejects with CONFIG_INVALID, and with ENGINE_MISSING without the package.
 */
export async function sherpaDenoiser({ kind, type, files }: SherpaModel): Promise<DenoiserFactory> {
  const { model: file } = files;
  if (kind !== 'denoiser' || file === undefined)
    throw new ParleyError('CONFIG_INVALID', `ear.denoise: a model of the kind ${kind} removes no noise`);
  const model = { type, file };
  await tryModel(model);
  const sherpa = loadSherpa();
  if (!sherpa) throw missing();
  return { create: () => new Stream(sherpa, model) };
}

const trialSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('missing') }),
  z.object({ type: z.literal('works'), rate: z.number() }),
]);

async function tryModel(model: DenoiserModel): Promise<void> {
  const trial = startWorkerProcess(import.meta.url, 'trial', model);
  try {
    const answer = trialSchema.parse(
      await new Promise((resolve, reject) => {
        trial.on('message', resolve);
        trial.on('error', reject);
        trial.on('exit', (code) => reject(new Error(`the process ended with code ${code}`)));
      }).catch((cause: unknown) => {
        const why = cause instanceof Error ? cause.message : String(cause);
        throw new ParleyError('CONFIG_INVALID', `ear.denoise: ${why}`, { cause });
      }),
    );
    if (answer.type === 'missing') throw missing();
    if (answer.rate !== PIPELINE_RATE)
      throw new ParleyError(
        'CONFIG_INVALID',
        `ear.denoise: the model works at ${answer.rate} Hz, not at ${PIPELINE_RATE}`,
      );
  } finally {
    await trial.terminate();
  }
}

function missing(): ParleyError {
  return new ParleyError('ENGINE_MISSING', `ear.denoise: run \`npm install ${SHERPA_PACKAGE}\``);
}

class Stream implements Denoiser {
  readonly #denoiser: OnlineSpeechDenoiser;

  constructor(sherpa: Sherpa, model: DenoiserModel) {
    this.#denoiser = loadDenoiser(sherpa, model);
  }

  process(samples: Int16Array): Int16Array {
    const clean = this.#denoiser.run({ ...waveOf(samples), enableExternalBuffer: false }).samples;
    return Int16Array.from(clean, (one) => Math.max(-32_768, Math.min(32_767, Math.round(one * 32_768))));
  }

  /** The library frees it with the object. */
  close(): void {}
}
