import { constant, optionalText } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';
import { wyomingKeys } from '../../wyoming/options.ts';

export const wyoming = defineEngine({
  kind: 'tts',
  name: 'wyoming',
  summary: 'A voice behind the Wyoming protocol: Piper and others',
  options: {
    ...wyomingKeys('tcp://127.0.0.1:10200'),
    // Undefined: the server chooses by the language; `voice` names another.
    voice: constant(
      optionalText(
        'Default voice, such as en_US-lessac-medium. Without it, the server chooses by the language.',
      ),
    ),
    // Undefined: the first of the voice.
    speaker: constant(optionalText('Speaker of a voice that has several.')),
  },
  can: { offline: false, languages: 'many', streams: true, wordTimes: false, visemes: false },
  make: async (options, { name }) => (await import('./wyoming.ts')).wyomingTts({ ...options, name }),
  sound: (options) => options,
});
