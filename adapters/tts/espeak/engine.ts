import { z } from 'zod';
import { constant, key } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';

export const espeakKeys = {
  // Undefined: the voice of the language; `voice` names another.
  voice: constant(
    key(
      z.string().min(1).max(64).exactOptional(),
      'Default voice, such as en-us+f3. Without it, the voice of the language.',
    ),
  ),
  // The pace of eSpeak NG's own voices.
  ratePerMinute: constant(key(z.int().min(80).max(450).default(175), 'Speed in words per minute.')),
  // The middle of the scale, as in eSpeak NG.
  pitch: constant(key(z.int().min(0).max(99).default(50), 'Pitch, 0 to 99.')),
  // One thread speaks many times faster than real time.
  workers: constant(key(z.int().min(1).max(64).default(1), 'Threads in this process, about 40 MB each.')),
};

export const espeak = defineEngine({
  kind: 'tts',
  name: 'espeak',
  summary: 'eSpeak NG in threads of this process',
  options: espeakKeys,
  can: { offline: true, languages: 'many', streams: true, wordTimes: true, visemes: true },
  make: async (options, { onProblem }) => {
    const { espeakTts } = await import('./espeak.ts');
    return espeakTts({ ...options, ...(onProblem && { onCrash: onProblem }) });
  },
  sound: ({ workers: _, ...sound }) => sound,
});
