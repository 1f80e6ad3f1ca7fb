import { z } from 'zod';
import { key, optionalText, text } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';
import { openAiKeys, openAiMissing } from '../../http/openai-keys.ts';

export const openai = defineEngine({
  kind: 'tts',
  name: 'openai',
  summary: 'OpenAI’s speech, or any server with its protocol: raw PCM, WAV or MP3',
  options: {
    ...openAiKeys(),
    model: text('gpt-4o-mini-tts', 'Speech model.'),
    voice: text('alloy', 'Default voice.'),
    rate: key(
      z.int().min(8_000).max(48_000).default(24_000),
      'Rate of raw PCM whose content type does not say it, in Hz. WAV and MP3 name their own.',
    ),
    speed: key(z.number().min(0.25).max(4).exactOptional(), 'Speed, 0.25 to 4. Default: that of the server.'),
    instructions: optionalText('How to speak, for models that support instructions.'),
  },
  can: { offline: false, languages: 'many', streams: true, wordTimes: false, visemes: false },
  missing: openAiMissing,
  make: async (options, { name }) => (await import('./openai.ts')).openaiTts({ ...options, name }),
  sound: ({ apiKey: _, ...sound }) => sound,
});
