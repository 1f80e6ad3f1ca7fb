import { z } from 'zod';
import { optionalText, text, yesNo } from './fields.ts';
import { key } from './keys.ts';

/** How to reach a server that speaks OpenAI's protocol. */
export function openaiConnection() {
  return {
    baseURL: key(
      z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).exactOptional(),
      'Where the server is, up to `/v1`. Else https://api.openai.com/v1.',
      { alsoEnv: ['OPENAI_BASE_URL'] },
    ),
    apiKey: key(z.string().min(1).exactOptional(), 'Its key; a local server mostly needs none.', {
      secret: true,
      alsoEnv: ['OPENAI_API_KEY'],
    }),
  };
}

export function openaiStt() {
  return {
    model: text('gpt-4o-mini-transcribe', 'Model of the transcription.'),
    stream: yesNo(false, 'Ask for text as it comes. Not every model can.'),
    prompt: optionalText('Words that are likely to be said.'),
  };
}

export function openaiLlm() {
  return {
    model: text('gpt-4o-mini', 'Model of the conversation.'),
    temperature: key(z.number().min(0).max(2).exactOptional(), '0 to 2. Else the server’s default.'),
  };
}

export function openaiTts() {
  return {
    model: text('gpt-4o-mini-tts', 'Model of the speech.'),
    voice: text('alloy', 'Voice for requests that name none.'),
    rate: key(
      z.int().min(8_000).max(48_000).default(24_000),
      'Rate of the PCM that the server sends, in Hz.',
    ),
    speed: key(z.number().min(0.25).max(4).exactOptional(), '0.25 to 4. Else the server’s default.'),
    instructions: optionalText('How to speak, for models that can be told.'),
  };
}
