import { z } from 'zod';
import { key } from '../../machines/options.ts';

/** The configuration keys of every engine with OpenAI's protocol: how to reach its server. */
export function openAiKeys() {
  return {
    baseURL: key(
      z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).exactOptional(),
      'Address of the server, up to `/v1`. Default: https://api.openai.com/v1.',
      { alsoEnv: ['OPENAI_BASE_URL'] },
    ),
    apiKey: key(z.string().min(1).exactOptional(), 'API key. Most local servers need none.', {
      secret: true,
      alsoEnv: ['OPENAI_API_KEY'],
    }),
  };
}

/** OpenAI's own server needs a key; see `EngineSpec.missing`. */
export function openAiMissing(options: { readonly baseURL?: string; readonly apiKey?: string }) {
  if (options.baseURL !== undefined || options.apiKey !== undefined) return undefined;
  return { key: 'apiKey', what: 'required for api.openai.com; or set `baseURL` to another server' };
}
