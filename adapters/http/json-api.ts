import type { z } from 'zod';
import { ParleyError } from '../../machines/errors.ts';
import { Calls } from './calls.ts';
import { codeOfStatus, type ErrorContext, engineError, Refusal } from './errors.ts';
import { httpTransport } from './transport.ts';

export interface JsonApiOptions {
  readonly baseURL: string;
  /** Sent as a bearer key. */
  readonly apiKey?: string | undefined;
  /** Code for a failure of the server itself. */
  readonly failed: ErrorContext['failed'];
}

/** A server that is asked with JSON and answers with JSON. */
export interface JsonApi {
  /** The answer to `POST` of `body`. Rejects with `failed`, ENGINE_…, or CANCELLED. */
  post<T>(path: string, body: object, answer: z.ZodType<T>, signal?: AbortSignal): Promise<T>;
  close(): Promise<void>;
}

const MAX_RESPONSE_BYTES = 8 << 20;

/** Throws CONFIG_INVALID if `baseURL` is not an HTTP URL. */
export function jsonApi({ baseURL, apiKey, failed }: JsonApiOptions): JsonApi {
  if (!/^https?:\/\/./.test(baseURL) || !URL.canParse(baseURL))
    throw new ParleyError('CONFIG_INVALID', 'baseURL must be an http or https URL');
  const transport = httpTransport({ maxResponseBytes: MAX_RESPONSE_BYTES });
  const calls = new Calls((thrown, cancelled) => engineError(thrown, { failed, cancelled, secret: apiKey }));
  const headers = {
    'content-type': 'application/json',
    ...(apiKey && { authorization: `Bearer ${apiKey}` }),
  };
  return {
    async post(path, body, answer, signal = new AbortController().signal) {
      const events = calls.stream(signal, async function* (call) {
        const url = `${baseURL.replace(/\/$/, '')}${path}`;
        const init = { method: 'POST', headers, body: JSON.stringify(body), signal: call.signal };
        const response = await transport.fetch(url, init);
        if (!response.ok) {
          const text = (await response.text()).trim();
          throw new Refusal(codeOfStatus(response.status, failed), `HTTP ${response.status}: ${text}`);
        }
        yield answer.parse(JSON.parse(await transport.body(response).text()));
      });
      for await (const event of events) return event;
      throw new ParleyError('ENGINE_PROTOCOL', 'no answer');
    },
    async close() {
      calls.close();
      await transport.close();
    },
  };
}
