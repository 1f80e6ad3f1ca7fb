import { z } from 'zod';
import { key, optionalText, text, yesNo } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';
import { openAiKeys, openAiMissing } from '../../http/openai-keys.ts';

export const openai = defineEngine({
  kind: 'stt',
  name: 'openai',
  summary: 'OpenAI’s transcription, or any server with its protocol',
  options: {
    ...openAiKeys(),
    model: text('gpt-4o-mini-transcribe', 'Transcription model.'),
    stream: yesNo(false, 'Request partial transcripts. Not every model supports this.'),
    sendLanguage: yesNo(
      true,
      'Send the language of the conversation. Off: the server finds out which language is spoken, so that users can change it by voice.',
    ),
    prompt: optionalText('Words that users are likely to say.'),
    prompts: key(
      z.record(z.string(), z.string().min(1)).default({}),
      'The same for turns in a language, by its tag without a region, such as `ja`.',
    ),
    responseFormat: key(
      z.enum(['json', 'verbose_json']).default('json'),
      '`verbose_json`: the server also reports how sure the model is, as whisper-1 and most Whisper servers can.',
    ),
    wordTimes: yesNo(
      false,
      'Ask for the times of words too (`timestamp_granularities`), as whisper-1 and many Whisper servers can; implies verbose_json.',
    ),
    temperature: key(
      z.number().min(0).max(1).exactOptional(),
      'How freely the model guesses. Default: the server’s.',
    ),
    guard: yesNo(
      true,
      'Reject words that the model seems to have invented: in silence or noise, in circles, the prompt itself, or ends of videos.',
    ),
  },
  can: { offline: false, languages: 'many', partials: false, understands: 'any speech' },
  missing: openAiMissing,
  make: async (options, { name }) => (await import('./openai.ts')).openaiStt({ ...options, name }),
});
