import { z } from 'zod';
import { ParleyError } from '../../machines/errors.ts';
import { Calls } from './calls.ts';
import { type ErrorContext, engineError, Refusal, requireSuccess } from './errors.ts';
import { eventData } from './sse.ts';
import { type Answer, type ConnectionStats, httpTransport, type TransportOptions } from './transport.ts';

/** Common options of the three OpenAI engines. */
export interface OpenAiConnectionOptions {
  readonly model: string;
  /** Address of the server, up to `/v1`. Default `https://api.openai.com/v1`. */
  readonly baseURL?: string;
  /** Sent as a bearer key. Without it none is sent; local servers accept that. */
  readonly apiKey?: string;
  /** Name of the engine. Default `openai`. */
  readonly name?: string;
  /** Maximum number of connections to the server; further requests wait for one. Default 256. */
  readonly maxConnections?: number;
}

export interface OpenAiRequest {
  readonly body: Uint8Array | string;
  /** Of the body. Default: JSON. */
  readonly contentType?: string;
  /** Content types of the answer. */
  readonly accepted: RegExp;
  readonly signal: AbortSignal;
}

/** A server with OpenAI's protocol, and the connections to it. */
export interface OpenAiConnection {
  readonly name: string;
  readonly calls: Calls;
  /** Resolves with a success whose content type is `accepted` or absent. */
  post(path: string, request: OpenAiRequest): Promise<Answer>;
  connectionStats(): ConnectionStats;
  /** Opens a connection in advance. Rejects with ENGINE_UNREACHABLE; any HTTP response counts as success. */
  warm(): Promise<void>;
  close(): Promise<void>;
}

const OPENAI_URL = 'https://api.openai.com/v1';

/** Throws CONFIG_INVALID if `baseURL` is not an HTTP URL. */
export function openAiConnection(
  options: OpenAiConnectionOptions,
  failed: ErrorContext['failed'],
  limits: Pick<TransportOptions, 'maxResponseBytes'>,
): OpenAiConnection {
  const { baseURL = OPENAI_URL, apiKey, maxConnections } = options;
  if (!/^https?:\/\/./.test(baseURL) || !URL.canParse(baseURL)) {
    throw new ParleyError('CONFIG_INVALID', 'baseURL must be an http or https URL');
  }
  const root = baseURL.replace(/\/$/, '');
  const transport = httpTransport({ ...limits, maxConnections });
  const headers = { 'user-agent': 'parley', ...(apiKey && { authorization: `Bearer ${apiKey}` }) };
  const calls = new Calls((thrown, cancelled) => engineError(thrown, { failed, cancelled, secret: apiKey }));
  return {
    name: options.name ?? 'openai',
    calls,
    async post(path, { body, contentType = 'application/json', accepted, signal }) {
      const answer = await transport.send({
        url: `${root}${path}`,
        headers: { ...headers, 'content-type': contentType },
        ...{ body, signal },
      });
      await requireSuccess(answer, failed);
      if (answer.type === undefined || accepted.test(answer.type)) return answer;
      void answer.body.return();
      throw new ParleyError('ENGINE_PROTOCOL', `the content type is ${answer.type.slice(0, 60)}`);
    },
    connectionStats: () => transport.stats(),
    warm: () =>
      calls.run(async ({ signal }) => {
        // Every server's response to this is short, even a 404.
        const url = `${root}/models/${encodeURIComponent(options.model)}`;
        const { body } = await transport.send({ url, method: 'GET', headers, signal });
        await body.text();
      }),
    async close() {
      calls.close();
      await transport.close();
    },
  };
}

/** The JSON of a streamed response, event by event. It reads on after the protocol's `[DONE]` to the end of the body. Throws a Refusal if the server reports an error within the stream (`failed`, ENGINE_OVERLOADED), SyntaxError for invalid JSON, and errors of the connection.
 */
export async function* openAiEvents(
  body: AsyncIterable<Uint8Array>,
  maxEventChars: number,
  failed: ErrorContext['failed'],
): AsyncGenerator<unknown, void, void> {
  let done = false;
  for await (const data of eventData(body, maxEventChars)) {
    done ||= data.startsWith('[DONE]');
    if (done) continue;
    const parsed: unknown = JSON.parse(data);
    const error = errorIn(parsed);
    if (error) throw error;
    yield parsed;
  }

  function errorIn(event: unknown): Refusal | undefined {
    if (typeof event !== 'object' || event === null || !('error' in event) || !event.error) return undefined;
    const { message, code, type } = streamError.parse(event.error);
    const busy = /rate_limit|overloaded/.test(`${code} ${type}`);
    return new Refusal(busy ? 'ENGINE_OVERLOADED' : failed, message ?? 'an error without a message');
  }
}

const text = z.string().optional().catch(undefined);
/** An error within a stream: an object, or a text. */
const streamError = z.union([
  z.object({ message: text, code: text, type: text }),
  z.unknown().transform((error) => ({ message: String(error), code: undefined, type: undefined })),
]);
