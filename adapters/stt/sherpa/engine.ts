import { z } from 'zod';
import { constant, count, key, ms, optionalText, yesNo } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';

export const sherpa = defineEngine({
  kind: 'stt',
  name: 'sherpa',
  summary: 'Neural models through sherpa-onnx, in a process beside this one',
  options: {
    model: optionalText('Name of a model (`parley models list`), or its folder.'),
    // int8 weights are half the memory and hardly less exact.
    precise: constant(
      yesNo(false, 'Whether to take weights of full precision where the model also has int8 ones.'),
    ),
    // Half of a small robot's computer: the other half speaks and thinks.
    threads: constant(count(2, 'Processor threads of one decoding.')),
    // The only one that the packaged runtime has.
    provider: constant(key(z.string().min(1).max(64).default('cpu'), 'Execution provider of ONNX Runtime.')),
    // More utterances at a time than one processor can recognise in real time.
    streams: constant(count(16, 'Utterances that are heard at a time.')),
    // Users say the words of the dialog more often than others.
    hotWords: constant(yesNo(true, 'Whether a transducer favours the words of the dialog.')),
    // The bonus that sherpa-onnx itself has.
    hotWordsScore: constant(
      key(z.number().min(0).max(20).default(1.5), 'Bonus of such a word, in log probability.'),
    ),
    endpointMs: ms(
      0,
      'Silence behind the last word, as a streaming model hears it, that ends the turn while the ear hears no speech. 0: only `endpointing` ends it.',
    ),
  },
  can: { offline: true, languages: 'many', partials: true, understands: 'any speech' },
  missing: ({ model }) =>
    model === undefined
      ? { key: 'model', what: 'set the name of a model (`parley models list`) or its folder' }
      : undefined,
  models: ({ model }) => (model === undefined ? [] : [model]),
  make: async ({ model = '', precise, hotWords, ...options }, { name, dialog, modelsDir, onProblem }) => {
    const [{ dialogWords, sherpaStt }, { configuredModel }] = await Promise.all([
      import('./sherpa.ts'),
      import('../../sherpa/configured.ts'),
    ]);
    return sherpaStt({
      ...{ ...options, name, ...(await configuredModel(model, modelsDir, precise)) },
      ...(hotWords && { hotWords: dialogWords(dialog) }),
      ...(onProblem && { onCrash: onProblem }),
    });
  },
});
