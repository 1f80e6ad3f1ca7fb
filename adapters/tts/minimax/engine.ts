import { z } from 'zod';
import { constant, key, optionalText, text } from '../../../machines/options.ts';
import { defineEngine } from '../../engine.ts';
import { MINIMAX_LANGUAGES } from './languages.ts';

export const minimaxKeys = {
  apiKey: key(z.string().min(1).exactOptional(), 'API key.', {
    secret: true,
    alsoEnv: ['MINIMAX_API_KEY'],
  }),
  groupId: key(z.string().min(1).exactOptional(), 'Group of the API key, if the account needs one.', {
    alsoEnv: ['MINIMAX_GROUP_ID'],
  }),
  baseURL: key(
    z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).exactOptional(),
    'Address of the server, up to `/v1`. Default: https://api.minimax.io/v1; in China use https://api.minimaxi.com/v1.',
  ),
  // The fast one of the current generation.
  model: constant(text('speech-2.6-turbo', 'Speech model.')),
  voice: text('English_expressive_narrator', 'Default voice.'),
  // Undefined, like volume, pitch and emotion: the voice as it was recorded.
  speed: constant(
    key(z.number().min(0.5).max(2).exactOptional(), 'Speed, 0.5 to 2. Default: that of the server, 1.'),
  ),
  volume: constant(
    key(
      z.number().gt(0).max(10).exactOptional(),
      'Volume, above 0, up to 10. Default: that of the server, 1.',
    ),
  ),
  pitch: constant(
    key(
      z.int().min(-12).max(12).exactOptional(),
      'Pitch in semitones, -12 to 12. Default: that of the server, 0.',
    ),
  ),
  emotion: constant(optionalText('Emotion, such as happy or calm, for models that support it.')),
};

export const minimax = defineEngine({
  kind: 'tts',
  name: 'minimax',
  summary: 'MiniMax’s speech (`t2a_v2`), streamed',
  options: minimaxKeys,
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
          what: 'required for api.minimax.io; create one there, or set `baseURL` to another server',
        }
      : undefined,
  make: async (options, { name }) => (await import('./minimax.ts')).minimaxTts({ ...options, name }),
  sound: ({ apiKey: _, groupId: __, ...sound }) => sound,
});
