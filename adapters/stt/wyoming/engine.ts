import { constant, optionalText, yesNo } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';
import { wyomingKeys } from '../../wyoming/options.ts';

export const wyoming = defineEngine({
  kind: 'stt',
  name: 'wyoming',
  summary: 'A recogniser behind the Wyoming protocol: faster-whisper, whisper.cpp, Vosk …',
  options: {
    ...wyomingKeys('tcp://127.0.0.1:10300'),
    partials: yesNo(
      false,
      'Whether the server streams transcripts while the user speaks. If not, it gets the audio at the end, without the silence around it.',
    ),
    // Undefined: the server's own, as it was started.
    model: constant(optionalText('Model, if the server has several. Default: the server’s.')),
  },
  can: { offline: false, languages: 'many', partials: false, understands: 'any speech' },
  make: async (options, { name }) => (await import('./wyoming.ts')).wyomingStt({ ...options, name }),
});
