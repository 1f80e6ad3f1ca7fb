import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { ReadableStream } from 'node:stream/web';
import { ParleyError } from '../../machines/errors.ts';
import { traceHeaders } from '../trace-context.ts';
import { Body } from './body.ts';

export interface TransportOptions {
  /** Maximum number of connections to the server; further requests wait for one. Default 256. */
  readonly maxConnections?: number;
  /** Time that an unused connection is kept, in ms, unless the server closes it earlier. Default 300 000. */
  readonly idleMs?: number;
  /** Maximum size of a response in bytes; a longer one fails with ENGINE_PROTOCOL. */
  readonly maxResponseBytes: number;
}

/** Connection reuse of an engine, `1 - opened / requests`, counted since the engine was made. */
export interface ConnectionStats {
  /** Connections opened. */
  readonly opened: number;
  /** Requests sent over them. */
  readonly requests: number;
  /** Of a language model whose server reports them. */
  readonly tokens?: TokenStats;
}

/** Tokens of a language model. */
export interface TokenStats {
  readonly input: number;
  /** Those of the input that the provider had in its cache. */
  readonly cached: number;
  readonly output: number;
}

/** Additional interface of every engine that uses a network. */
export interface ReportsConnections {
  connectionStats(): ConnectionStats;
}

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

export interface Transport {
  /** `fetch` over the engine's own connections. Unlike those of the global `fetch`, they are kept alive, limited, counted, and closed with the engine. Redirects are not followed, and compression is neither requested nor decoded.
   * Gotcha: the response of a success (2xx) has no body; read it with `body`.
   */
  readonly fetch: Fetch & { readonly Response: typeof Response };
  /**
   * The body of a success, for one reader. Read it to its end or leave its iterator, otherwise the connection stays
   * occupied.
   */
  body(response: Response): Body;
  stats(): ConnectionStats;
  /** Closes every connection; resolves when the last has closed. */
  close(): Promise<void>;
}

interface Outgoing {
  readonly url: URL;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  readonly signal: AbortSignal | undefined;
}

/** The connections of one engine to its server. */
export function httpTransport(options: TransportOptions): Transport {
  const agentOptions = {
    keepAlive: true,
    maxSockets: options.maxConnections ?? 256,
    maxFreeSockets: options.maxConnections ?? 256,
    timeout: options.idleMs ?? 300_000,
  };
  const agents = { 'http:': new http.Agent(agentOptions), 'https:': new https.Agent(agentOptions) };
  const sockets = new Set<Socket>();
  const bodies = new WeakMap<Response, Body>();
  let opened = 0;
  let requests = 0;

  const track = (socket: Socket) => {
    if (sockets.has(socket)) return;
    opened++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };

  const exchange = (outgoing: Outgoing): Promise<Response> =>
    new Promise((resolve, reject) => {
      const secure = outgoing.url.protocol === 'https:';
      const { signal } = outgoing;
      if (signal?.aborted) return reject(aborted());
      const request = (secure ? https : http).request(outgoing.url, {
        agent: agents[secure ? 'https:' : 'http:'],
        method: outgoing.method,
        headers: { ...outgoing.headers, 'content-length': outgoing.body.byteLength },
      });
      let answer: IncomingMessage | undefined;
      const abort = () => {
        // After the end of the body, the connection belongs to the pool again and must not be destroyed.
        if (answer?.complete && answer.readableEnded) return;
        answer?.destroy(aborted());
        request.destroy(aborted());
      };
      signal?.addEventListener('abort', abort, { once: true });
      let failed = false;
      request.on('close', () => {
        signal?.removeEventListener('abort', abort);
        if (!answer && !failed) reject(new ParleyError('ENGINE_PROTOCOL', 'no answer, but no error either'));
      });
      request.on('socket', track);
      request.on('error', (error) => {
        if (answer) return;
        failed = true;
        // The server closed an idle connection just as it was reused: retry once on another.
        const stale =
          request.reusedSocket && 'code' in error && /^(ECONNRESET|EPIPE)$/.test(String(error.code));
        if (stale && !signal?.aborted) exchange(outgoing).then(resolve, reject);
        else reject(error);
      });
      request.on('response', (message) => {
        answer = message;
        try {
          resolve(toResponse(message));
        } catch (error) {
          message.destroy();
          reject(new ParleyError('ENGINE_PROTOCOL', 'unusable status or headers', { cause: error }));
        }
      });
      request.end(outgoing.body);
    });

  const toResponse = (message: IncomingMessage): Response => {
    const init = { status: message.statusCode ?? 0, headers: headersOf(message) };
    if (init.status === 204 || init.status === 205 || init.status === 304) {
      message.resume();
      return new Response(null, init);
    }
    const body = new Body(message, options.maxResponseBytes);
    if (init.status < 200 || init.status >= 300) return new Response(ReadableStream.from(body), init);
    const response = new Response(null, init);
    bodies.set(response, body);
    return response;
  };

  const fetch: Fetch = async (input, init = {}) => {
    requests++;
    const plain = plainBytes(init.body);
    // Read-only data need not be copied.
    const headers = plain && init.headers instanceof Headers ? init.headers : new Headers(init.headers);
    const body = plain ?? (await encoded(init.body, headers));
    return exchange({
      url: new URL(input instanceof Request ? input.url : input),
      method: init.method ?? 'GET',
      headers: { ...Object.fromEntries(headers), ...traceHeaders() },
      body,
      signal: init.signal ?? undefined,
    });
  };

  return {
    // The OpenAI client checks `Response` here to detect support for forms.
    fetch: Object.assign(fetch, { Response }),
    body(response) {
      const body = bodies.get(response);
      if (!body) throw new ParleyError('INTERNAL', 'no success of this transport, or without a body');
      return body;
    },
    stats: () => ({ opened, requests }),
    async close() {
      const closed = [...sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      for (const agent of Object.values(agents)) agent.destroy();
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** The error shape by which web streams and the OpenAI client recognise an abort. */
function aborted(): DOMException {
  return new DOMException('The request was aborted', 'AbortError');
}

/** Bodies that need no encoding and so no turn of the event loop. */
function plainBytes(body: RequestInit['body']): Uint8Array | undefined {
  if (typeof body === 'string') return Buffer.from(body);
  return body instanceof Uint8Array ? body : undefined;
}

/** Lets the platform encode other bodies and set their content type. */
async function encoded(body: RequestInit['body'], headers: Headers): Promise<Uint8Array> {
  const response = new Response(body ?? null);
  const type = response.headers.get('content-type');
  if (type && !headers.has('content-type')) headers.set('content-type', type);
  return new Uint8Array(await response.arrayBuffer());
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  return headers;
}
