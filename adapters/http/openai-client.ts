import OpenAI, { APIConnectionError, APIError } from 'openai';
import { ParleyError } from '../../machines/errors.ts';
import type { Body } from './body.ts';
import { Calls } from './calls.ts';
import { codeOfStatus, type ErrorContext, engineError, type Finding } from './errors.ts';
import { eventData } from './sse.ts';
import type { ConnectionStats } from './transport.ts';
import { httpTransport, type TransportOptions } from './transport.ts';

/** What the three OpenAI engines have in common. */
export interface OpenAiConnectionOptions {
  readonly model: string;
  /** Where the server is, up to `/v1`. Default `https://api.openai.com/v1`. */
  readonly baseURL?: string;
  /** Sent as a bearer key. Without it none is sent, which local servers are content with. */
  readonly apiKey?: string;
  /** What the engine is called. Default `openai`. */
  readonly name?: string;
  /** Connections to the server at once; a request beyond them waits for one. Default 256. */
  readonly maxConnections?: number;
}

/** A server that speaks OpenAI's protocol, with the connections to it. */
export interface OpenAiConnection {
  readonly name: string;
  readonly client: OpenAI;
  readonly calls: Calls;
  /** The body of a success that `client` gave as a response. */
  body(response: Response): Body;
  /** Any error of a request or its stream, as the catalogue's. */
  toError(thrown: unknown, cancelled: boolean): ParleyError;
  connectionStats(): ConnectionStats;
  /** Opens a connection ahead. Rejects with ENGINE_UNREACHABLE; what the server answers does not matter. */
  warm(): Promise<void>;
  close(): Promise<void>;
}

const OPENAI_URL = 'https://api.openai.com/v1';

/** Throws CONFIG_INVALID if `baseURL` is not an HTTP URL. Of the environment only OPENAI_CUSTOM_HEADERS counts, by the client. */
export function openAiConnection(
  options: OpenAiConnectionOptions,
  failed: ErrorContext['failed'],
  limits: Pick<TransportOptions, 'maxResponseBytes'>,
): OpenAiConnection {
  const baseURL = options.baseURL ?? OPENAI_URL;
  if (!/^https?:\/\/./.test(baseURL) || !URL.canParse(baseURL)) {
    throw new ParleyError('CONFIG_INVALID', 'baseURL must be an http or https URL');
  }
  const { maxConnections } = options;
  const transport = httpTransport({
    ...limits,
    ...(maxConnections === undefined ? {} : { maxConnections }),
  });
  const calls = new Calls();
  const client = new OpenAI({
    baseURL,
    // The client insists on a key and would else take one from the environment and show it to any server.
    apiKey: options.apiKey || 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    ...(options.apiKey ? {} : { defaultHeaders: { authorization: null } }),
    maxRetries: 0,
    fetch: transport.fetch,
    // It would print what a server sent to the console; errors carry what is needed.
    logLevel: 'off',
  });
  const toError = (thrown: unknown, cancelled: boolean) =>
    engineError(thrown, {
      failed,
      cancelled,
      secret: options.apiKey,
      classify: (error) => classifyOpenAi(error, failed),
    });
  return {
    name: options.name ?? 'openai',
    client,
    calls,
    body: (response) => transport.body(response),
    toError,
    connectionStats: () => transport.stats(),
    async warm() {
      const call = calls.begin(new AbortController().signal);
      try {
        // Every server's answer to this is short, even a 404.
        const url = `${baseURL.replace(/\/$/, '')}/models/${encodeURIComponent(options.model)}`;
        const headers: Record<string, string> = options.apiKey
          ? { authorization: `Bearer ${options.apiKey}` }
          : {};
        const response = await transport.fetch(url, { headers, signal: call.signal });
        await (response.ok ? transport.body(response) : response).text();
      } catch (error) {
        throw toError(error, call.cancelled());
      } finally {
        call.end();
      }
    },
    async close() {
      calls.close();
      await transport.close();
    },
  };
}

/** Ends with ENGINE_PROTOCOL if the answer says that it is something that is not `allowed`; no type at all is let pass. */
export function requireContentType(response: Response, allowed: RegExp): void {
  const type = response.headers.get('content-type');
  if (type === null || allowed.test(type)) return;
  throw new ParleyError('ENGINE_PROTOCOL', `the content type is ${type.slice(0, 60)}`);
}

/**
 * The JSON of a streamed answer, event by event, read on to its end behind the `[DONE]` of the protocol. Throws APIError
 * if the server reports an error within the stream, SyntaxError for invalid JSON, and what reading throws.
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

/** What the errors of the OpenAI client mean. */
export function classifyOpenAi(error: Error, failed: ErrorContext['failed']): Finding | undefined {
  if (!(error instanceof APIError)) return undefined;
  if (error instanceof APIConnectionError) {
    // Its cause says more, where it keeps one; it keeps none of a time-out.
    return error.cause ? undefined : { code: 'ENGINE_UNREACHABLE', detail: error.message };
  }
  if (error.status === undefined) {
    // An error that came within the stream.
    const busy = /rate_limit|overloaded/.test(`${error.code} ${error.type}`);
    return { code: busy ? 'ENGINE_OVERLOADED' : failed, detail: error.message };
  }
  const code = codeOfStatus(error.status, failed);
  if (error.status === 401) return { code, detail: 'HTTP 401: the key is missing or not accepted' };
  // The client puts the status before the message; a page of HTML helps nobody.
  const text = error.message.replace(/^\d{3} /, '');
  return { code, detail: /^\s*</.test(text) ? `HTTP ${error.status}` : `HTTP ${error.status}: ${text}` };
}
