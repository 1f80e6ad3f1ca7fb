import { z } from 'zod';
import { defineEngine } from '../../engine.ts';
import { key, optionalText, text } from '../../options.ts';
import { MINIMAX_LANGUAGES } from './languages.ts';

export const minimax = defineEngine({
  kind: 'tts',
  name: 'minimax',
  summary: 'MiniMax’s speech (`t2a_v2`), streamed',
  options: {
    apiKey: key(z.string().min(1).exactOptional(), 'Its key.', {
      secret: true,
      alsoEnv: ['MINIMAX_API_KEY'],
    }),
    groupId: key(
      z.string().min(1).exactOptional(),
      'Group that the key belongs to, where the account needs one.',
      { alsoEnv: ['MINIMAX_GROUP_ID'] },
    ),
    baseURL: key(
      z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).exactOptional(),
      'Where the server is, up to `/v1`. Else https://api.minimax.io/v1; in China https://api.minimaxi.com/v1.',
    ),
    model: text('speech-2.6-turbo', 'Model of the speech.'),
    voice: text('English_expressive_narrator', 'Voice for requests that name none.'),
    speed: key(z.number().min(0.5).max(2).exactOptional(), '0.5 to 2. Else the server’s default, 1.'),
    volume: key(z.number().gt(0).max(10).exactOptional(), 'Above 0, up to 10. Else the server’s default, 1.'),
    pitch: key(
      z.int().min(-12).max(12).exactOptional(),
      'Semitones, -12 to 12. Else the server’s default, 0.',
    ),
    emotion: optionalText('Such as happy or calm, for models that can.'),
  },
  can: {
    offline: false,
    languages: [...MINIMAX_LANGUAGES.keys()],
    streams: true,
    wordTimes: false,
    visemes: false,
  },
  missing: ({ apiKey, baseURL }) =>
    apiKey === undefined && baseURL === undefined
      ? {
          key: 'apiKey',
          what: 'needed for api.minimax.io; create one there, or give `baseURL` of another server',
        }
      : undefined,
  make: async (options, { name }) => (await import('./minimax.ts')).minimaxTts({ ...options, name }),
  sound: ({ apiKey: _, groupId: __, ...sound }) => sound,
});
