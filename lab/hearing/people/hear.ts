import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Dialog } from '../../../actors/dialog/mod.ts';
import { speexResampler } from '../../../adapters/audio/resampler.ts';
import { rnnoise } from '../../../adapters/denoiser/rnnoise.ts';
import { loadRecognisers, type Recogniser } from '../../../adapters/stt/soundswallower/recogniser.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate, samplesInMs } from '../../../machines/audio.ts';
import { withNoiseAt } from '../../../server/transcribe/noise.ts';
import { type GrammarName, type Trial, threadData } from './trials.ts';

const stretch = { frames: z.number(), cost: z.number() };
const hypothesis = z.object({
  text: z.string(),
  cost: z.number(),
  words: z.array(z.object({ ...stretch, phones: z.number() })),
  silence: z.object(stretch),
});
const pass = z.object({ own: hypothesis, otherWords: z.number(), unusual: z.number() });
/** What was found in one trial under one condition. */
const findingSchema = z.object({
  name: z.string(),
  grammar: z.enum(['robot', 'coffee', 'digits', 'keywords']),
  /** One of the conditions of `HearOptions`. */
  noise: z.string(),
  /** Absent if it was taken for silence. */
  evidence: pass
    .extend({
      usual: hypothesis,
      anything: z.number(),
      contrast: z.number(),
      worstPhone: z.number().optional(),
      slower: pass.optional(),
    })
    .optional(),
  audioMs: z.number(),
  cpuMs: z.number(),
});
export interface Finding extends z.infer<typeof findingSchema> {
  readonly trial: Trial;
}

/** Silence around a recording in its utterance. */
const BEFORE = samplesInMs(300, PIPELINE_RATE);
const AFTER = samplesInMs(600, PIPELINE_RATE);
/** The recogniser decodes in steps of this length. */
const PIECE = samplesInMs(100, PIPELINE_RATE);

export interface HearOptions {
  readonly folder: string;
  readonly dialog: Dialog;
  /** `clean`, or dB of a noise below the speech and its name, `12 kitchen`, with `+rnnoise` if that denoiser is in front. */
  readonly conditions: readonly string[];
  readonly noise: (name: string) => Promise<Pcm<PipelineRate>>;
  /** A file of findings of an earlier run, to which new ones are added. */
  readonly cache: string | undefined;
  /** Recognisers of earlier calls, to which new ones are added. */
  readonly recognisers?: Map<GrammarName, Recogniser>;
}

/** Hears the trials under each condition, unless the cache has the result. */
export async function hear(trials: readonly Trial[], options: HearOptions): Promise<readonly Finding[]> {
  const { folder, dialog, conditions, cache, recognisers = new Map<GrammarName, Recogniser>() } = options;
  const lines = cache !== undefined && existsSync(cache) ? readFileSync(cache, 'utf8').split('\n') : [];
  const known = new Map(
    lines
      .filter((line) => line !== '')
      .map((line) => findingSchema.parse(JSON.parse(line)))
      .map((one) => [keyOf(one, one.noise), one]),
  );
  const data = threadData(folder, dialog);
  const all: Finding[] = [];
  for (const noise of conditions) {
    for (const trial of trials) {
      const { name, grammar } = trial;
      const old = known.get(keyOf(trial, noise));
      if (old) {
        all.push({ ...old, trial });
        continue;
      }
      const recogniser = recognisers.get(grammar) ?? (await loadRecognisers(data[grammar]))[0];
      if (!recogniser) throw new Error('no recogniser was made');
      recognisers.set(grammar, recogniser);
      const sound = utterance(await trial.audio());
      const samples = await underCondition(sound, noise, name, options.noise);
      const { user } = process.cpuUsage();
      recogniser.begin();
      for (let at = 0; at < samples.length; at += PIECE)
        await recogniser.push(samples.subarray(at, at + PIECE));
      const finding = {
        ...{ name, grammar, noise, evidence: await recogniser.hear() },
        audioMs: (samples.length * 1_000) / PIPELINE_RATE,
        cpuMs: (process.cpuUsage().user - user) / 1_000,
      };
      if (cache !== undefined) appendFileSync(cache, `${JSON.stringify(finding)}\n`);
      all.push({ ...findingSchema.parse(finding), trial });
    }
  }
  return all;
}

/** What the recogniser gets under a condition. */
async function underCondition(
  sound: Pcm<PipelineRate>,
  condition: string,
  name: string,
  noises: HearOptions['noise'],
): Promise<Int16Array> {
  if (condition === 'clean') return sound.samples;
  const [noise = '', denoised] = condition.split('+');
  const [db, kind = ''] = noise.split(' ');
  const { samples } = withNoiseAt(sound, await noises(kind), Number(db), name);
  if (denoised === undefined) return samples;
  const denoiser = (await rnnoise(await speexResampler())).create();
  const clean = denoiser.process(samples);
  denoiser.close();
  return clean;
}

function keyOf({ name, grammar }: Pick<Trial, 'name' | 'grammar'>, noise: string): string {
  return `${name}\n${grammar}\n${noise}`;
}

function utterance({ rate, samples }: Pcm<PipelineRate>): Pcm<PipelineRate> {
  const all = new Int16Array(BEFORE + samples.length + AFTER);
  all.set(samples, BEFORE);
  return { rate, samples: all };
}
