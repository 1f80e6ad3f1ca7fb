import OpenAI, { APIConnectionError, APIError } from 'openai';
import { ParleyError } from '../../machines/errors.ts';
import type { Body } from './body.ts';
import { Calls } from './calls.ts';
import { codeOfStatus, type ErrorContext, engineError, type Finding } from './errors.ts';
import { type JsonPoster, jsonPoster, serverAddress } from './json-post.ts';
import { eventData } from './sse.ts';
import type { ConnectionStats } from './transport.ts';
import { httpTransport, type TransportOptions } from './transport.ts';

/** Common options of the three OpenAI engines. */
export interface OpenAiConnectionOptions {
  readonly model: string;
  /** Address of the server, up to `/v1`. Default `https://api.openai.com/v1`. */
  readonly baseURL?: string;
  /** Sent as a bearer key. Without it none is sent; local servers accept that. */
  readonly apiKey?: string;
  /** Name of the engine. Default `openai`. */
  readonly name?: string;
  /** Further headers of each request. They override Parley's own. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Maximum number of connections to the server; further requests wait for one. Default 256. */
  readonly maxConnections?: number;
}

/** A server with OpenAI's protocol, and the connections to it. */
export interface OpenAiConnection {
  readonly name: string;
  readonly client: OpenAI;
  readonly calls: Calls;
  /** Posts JSON, for what the client is too strict for. */
  readonly post: JsonPoster['post'];
  /** The body of a successful response of `client`. */
  body(response: Response): Body;
  connectionStats(): ConnectionStats;
  /** Opens a connection in advance. Rejects with ENGINE_UNREACHABLE; any HTTP response counts as success. */
  warm(): Promise<void>;
  close(): Promise<void>;
}

const OPENAI_URL = 'https://api.openai.com/v1';

/**
 * Throws CONFIG_INVALID if `baseURL` is not an HTTP URL. The client reads only OPENAI_CUSTOM_HEADERS from the
 * environment.
 */
export function openAiConnection(
  options: OpenAiConnectionOptions,
  failed: ErrorContext['failed'],
  limits: Pick<TransportOptions, 'maxResponseBytes'>,
): OpenAiConnection {
  const address = serverAddress(options.baseURL ?? OPENAI_URL);
  const { maxConnections } = options;
  const transport = httpTransport({
    ...limits,
    ...(maxConnections === undefined ? {} : { maxConnections }),
  });
  const client = new OpenAI({
    baseURL: address.base,
    defaultQuery: Object.fromEntries(new URLSearchParams(address.query)),
    // Without a key, the client would take one from the environment and send it to any server.
    apiKey: options.apiKey || 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    defaultHeaders: { ...(options.apiKey ? {} : { authorization: null }), ...options.headers },
    maxRetries: 0,
    fetch: transport.fetch,
    // It would print server responses to the console; errors contain what is needed.
    logLevel: 'off',
  });
  const headers = {
    ...(options.apiKey && { authorization: `Bearer ${options.apiKey}` }),
    ...lowerCased(options.headers),
  };
  const { post } = jsonPoster(transport, { address, headers, failed });
  const calls = new Calls((thrown, cancelled) =>
    engineError(thrown, {
      failed,
      cancelled,
      secret: [options.apiKey ?? '', ...Object.values(options.headers ?? {})],
      classify: (error) => classifyOpenAi(error, failed),
    }),
  );
  return {
    name: options.name ?? 'openai',
    client,
    calls,
    post,
    body: (response) => transport.body(response),
    connectionStats: () => transport.stats(),
    warm: () =>
      calls.run(async ({ signal }) => {
        // Every server's response to this is short, even a 404.
        const url = `${address.base}/models/${encodeURIComponent(options.model)}${address.query}`;
        const response = await transport.fetch(url, { headers, signal });
        await (response.ok ? transport.body(response) : response).text();
      }),
    async close() {
      calls.close();
      await transport.close();
    },
  };
}

function lowerCased(headers: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Throws ENGINE_PROTOCOL if the content type is not `allowed`; a missing type passes. */
export function requireContentType(response: Response, allowed: RegExp): void {
  const type = response.headers.get('content-type');
  if (type === null || allowed.test(type)) return;
  throw new ParleyError('ENGINE_PROTOCOL', `the content type is ${type.slice(0, 60)}`);
}

/** The JSON of a streamed response, event by event. It reads on after the protocol's `[DONE]` to the end of the body. Throws APIError if the server reports an error within the stream, SyntaxError for invalid JSON, and errors of the connection.
 */
export async function* openAiEvents(
  body: AsyncIterable<Uint8Array>,
  maxEventChars: number,
): AsyncGenerator<unknown, void, void> {
  let done = false;
  for await (const data of eventData(body, maxEventChars)) {
    done ||= data.startsWith('[DONE]');
    if (done) continue;
    const parsed: unknown = JSON.parse(data);
    const error = errorIn(parsed);
    if (error) throw new APIError(undefined, error, undefined, undefined);
    yield parsed;
  }
}

function errorIn(data: unknown): object | undefined {
  if (typeof data !== 'object' || data === null || !('error' in data) || !data.error) return undefined;
  return typeof data.error === 'object' ? data.error : { message: String(data.error) };
}

/** Maps the errors of the OpenAI client. */
export function classifyOpenAi(error: Error, failed: ErrorContext['failed']): Finding | undefined {
  if (!(error instanceof APIError)) return undefined;
  if (error instanceof APIConnectionError) {
    // Its cause is more precise, if it has one; a time-out has none.
    return error.cause ? undefined : { code: 'ENGINE_UNREACHABLE', detail: error.message };
  }
  if (error.status === undefined) {
    // An error within the stream.
    const busy = /rate_limit|overloaded/.test(`${error.code} ${error.type}`);
    return { code: busy ? 'ENGINE_OVERLOADED' : failed, detail: error.message };
  }
  const code = codeOfStatus(error.status, failed);
  if (error.status === 401) return { code, detail: 'HTTP 401: the key is missing or not accepted' };
  // The client puts the status before the message. HTML pages are dropped.
  const text = error.message.replace(/^\d{3} /, '');
  return { code, detail: /^\s*</.test(text) ? `HTTP ${error.status}` : `HTTP ${error.status}: ${text}` };
}
