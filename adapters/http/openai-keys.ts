import { z } from 'zod';
import { key } from '../options.ts';

/** The keys of every engine that speaks OpenAI's protocol: how to reach its server. */
export function openAiKeys() {
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

/** OpenAI's own server needs a key; see `EngineSpec.missing`. */
export function openAiMissing(options: { readonly baseURL?: string; readonly apiKey?: string }) {
  if (options.baseURL !== undefined || options.apiKey !== undefined) return undefined;
  return { key: 'apiKey', what: 'needed for api.openai.com (or give `baseURL` of another server)' };
}
