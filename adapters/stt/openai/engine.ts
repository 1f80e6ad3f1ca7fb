import { defineEngine } from '../../engine.ts';
import { openAiKeys, openAiMissing } from '../../http/openai-keys.ts';
import { optionalText, text, yesNo } from '../../options.ts';

export const openai = defineEngine({
  kind: 'stt',
  name: 'openai',
  summary: 'OpenAI’s transcription, or any server with its protocol',
  options: {
    ...openAiKeys(),
    model: text('gpt-4o-mini-transcribe', 'Model of the transcription.'),
    stream: yesNo(false, 'Ask for text as it comes. Not every model can.'),
    prompt: optionalText('Words that are likely to be said.'),
  },
  can: { offline: false, languages: 'many', partials: false, understands: 'any speech' },
  missing: openAiMissing,
  make: async (options, { name }) => (await import('./openai.ts')).openaiStt({ ...options, name }),
});
