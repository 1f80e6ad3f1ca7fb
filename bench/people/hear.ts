import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Dialog } from '../../actors/dialog/mod.ts';
import { loadRecognisers, type Recogniser } from '../../adapters/stt/soundswallower/recogniser.ts';
import { judge } from '../../adapters/stt/soundswallower/verdict.ts';
import { type Pcm, PIPELINE_RATE, type PipelineRate, samplesInMs } from '../../machines/audio.ts';
import { withNoiseAt } from '../../server/transcribe/noise.ts';
import { type GrammarName, isRight, type Trial, threadData } from './trials.ts';

/** What was heard in one trial under one condition, whether it was accepted or not. */
const observationSchema = z.object({
  name: z.string(),
  group: z.enum(['orders', 'digits', 'keywords']),
  grammar: z.enum(['robot', 'coffee', 'digits', 'keywords']),
  /** `clean`, or dB. */
  noise: z.string(),
  /** Whether the speech belongs to the grammar. */
  meant: z.boolean(),
  /** Empty if no sentence fits. */
  text: z.string(),
  right: z.boolean(),
  accepted: z.boolean(),
  confidence: z.number(),
  audioMs: z.number(),
  cpuMs: z.number(),
});
export type Observation = z.infer<typeof observationSchema>;

/** Silence around a recording in its utterance. */
const BEFORE = samplesInMs(300, PIPELINE_RATE);
const AFTER = samplesInMs(600, PIPELINE_RATE);

export interface HearOptions {
  readonly folder: string;
  readonly dialog: Dialog;
  /** `clean`, or dB of the noise below the speech. */
  readonly noises: readonly string[];
  readonly noise: Pcm<PipelineRate>;
  /** A file of observations of an earlier run, to which new ones are added. */
  readonly cache: string | undefined;
}

/** Hears the trials under each condition, unless the cache has the result. */
export async function hear(trials: readonly Trial[], options: HearOptions): Promise<readonly Observation[]> {
  const { folder, dialog, noises, cache } = options;
  const lines = cache !== undefined && existsSync(cache) ? readFileSync(cache, 'utf8').split('\n') : [];
  const known = new Map(
    lines
      .filter((line) => line !== '')
      .map((line) => observationSchema.parse(JSON.parse(line)))
      .map((one) => [keyOf(one, one.noise), one]),
  );
  const data = threadData(folder, dialog);
  const recognisers = new Map<GrammarName, Recogniser>();
  const all: Observation[] = [];
  for (const noise of noises) {
    for (const trial of trials) {
      const { name, group, grammar, said } = trial;
      const old = known.get(keyOf(trial, noise));
      if (old) {
        all.push(old);
        continue;
      }
      const recogniser = recognisers.get(grammar) ?? (await loadRecognisers(data[grammar]))[0];
      if (!recogniser) throw new Error('no recogniser was made');
      recognisers.set(grammar, recogniser);
      const sound = utterance(await trial.audio());
      const mixed = noise === 'clean' ? sound : withNoiseAt(sound, options.noise, Number(noise), name);
      const { user } = process.cpuUsage();
      recogniser.begin();
      await recogniser.push(mixed.samples);
      const { text, evidence } = await recogniser.hear();
      const observation: Observation = {
        ...{ name, group, grammar, noise, text },
        ...judge(evidence, 0),
        meant: said !== undefined,
        right: isRight(trial, text),
        audioMs: (mixed.samples.length * 1_000) / PIPELINE_RATE,
        cpuMs: (process.cpuUsage().user - user) / 1_000,
      };
      if (cache !== undefined) appendFileSync(cache, `${JSON.stringify(observation)}\n`);
      all.push(observation);
    }
  }
  return all;
}

function keyOf({ name, grammar }: Pick<Trial, 'name' | 'grammar'>, noise: string): string {
  return `${name}\n${grammar}\n${noise}`;
}

function utterance({ rate, samples }: Pcm<PipelineRate>): Pcm<PipelineRate> {
  const all = new Int16Array(BEFORE + samples.length + AFTER);
  all.set(samples, BEFORE);
  return { rate, samples: all };
}
