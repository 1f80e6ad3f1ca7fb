import { z } from 'zod';
import { constant, count, key, optionalText } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';

/** What a preset means: weights of full precision or int8 where a model has both, and steps of models that refine their speech. */
export const PRESETS = { fast: [false, 2], balanced: [false, 5], quality: [true, 10] } as const;

export const sherpaKeys = {
  model: optionalText('Name of a model (`parley models list`), or its folder.'),
  // The first; `voice` names another.
  speaker: constant(key(z.int().min(0).default(0), 'Number of the speaker, for voices that have several.')),
  // The voice as it was recorded.
  speed: constant(key(z.number().min(0.5).max(2).default(1), 'Speed, 0.5 to 2.')),
  // The best that is still faster than real time on a small computer.
  preset: constant(
    key(z.enum(['fast', 'balanced', 'quality']).default('balanced'), 'How much work goes into the speech.'),
  ),
  // Half of a small robot's computer.
  threads: constant(count(2, 'Processor threads.')),
  // The only one that the packaged runtime has.
  provider: constant(key(z.string().min(1).max(64).default('cpu'), 'Execution provider of ONNX Runtime.')),
};

export const sherpa = defineEngine({
  kind: 'tts',
  name: 'sherpa',
  summary:
    'Neural voices through sherpa-onnx (Kokoro, Piper, Matcha, Supertonic), in a process beside this one',
  options: sherpaKeys,
  can: { offline: true, languages: 'many', streams: true, wordTimes: false, visemes: false },
  missing: ({ model }) =>
    model === undefined
      ? { key: 'model', what: 'set the name of a model (`parley models list`) or its folder' }
      : undefined,
  models: ({ model }) => (model === undefined ? [] : [model]),
  make: async ({ model = '', preset, ...options }, { name, modelsDir, onProblem }) => {
    const [{ sherpaTts }, { configuredModel }] = await Promise.all([
      import('./sherpa.ts'),
      import('../../sherpa/configured.ts'),
    ]);
    const [precise, steps] = PRESETS[preset];
    return sherpaTts({
      ...{ ...options, name, steps, ...(await configuredModel(model, modelsDir, precise)) },
      ...(onProblem && { onCrash: onProblem }),
    });
  },
  sound: ({ threads: _, provider: __, ...sound }) => sound,
});
