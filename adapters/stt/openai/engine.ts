import { optionalText, text, yesNo } from '../../../machines/options.ts';
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
    prompt: optionalText('Words that users are likely to say.'),
  },
  can: { offline: false, languages: 'many', partials: false, understands: 'any speech' },
  missing: openAiMissing,
  make: async (options, { name }) => (await import('./openai.ts')).openaiStt({ ...options, name }),
});
