import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { ParleyError } from '../../machines/errors.ts';
import { traceHeaders } from '../trace-context.ts';
import { Body } from './body.ts';

export interface TransportOptions {
  /** Maximum number of connections to the server; further requests wait for one. Default 256. */
  readonly maxConnections?: number | undefined;
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

/** A request to a server. */
export interface Outgoing {
  readonly url: URL | string;
  /** Default `POST`. */
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal | undefined;
}

/** The beginning of a server's response. */
export interface Answer {
  readonly status: number;
  /** Whether `status` is a success, 2xx. */
  readonly ok: boolean;
  /** Content type; undefined if the server gave none. */
  readonly type: string | undefined;
  /** For one reader. Read it to its end or leave its iterator, otherwise the connection stays occupied. */
  readonly body: Body;
}

export interface Transport {
  /**
   * Sends a request over the engine's own connections. Unlike those of the global `fetch`, they are kept alive, limited,
   * counted, and closed with the engine. Redirects are not followed, and compression is neither requested nor decoded.
   * Rejects with an AbortError, the connection's error, or ENGINE_PROTOCOL.
   */
  send(request: Outgoing): Promise<Answer>;
  stats(): ConnectionStats;
  /** Closes every connection; resolves when the last has closed. */
  close(): Promise<void>;
}

/** The connections of one engine to its server. */
export function httpTransport(options: TransportOptions): Transport {
  const { maxConnections = 256 } = options;
  const agentOptions = {
    keepAlive: true,
    maxSockets: maxConnections,
    maxFreeSockets: maxConnections,
    timeout: options.idleMs ?? 300_000,
  };
  const agents = { 'http:': new http.Agent(agentOptions), 'https:': new https.Agent(agentOptions) };
  const sockets = new Set<Socket>();
  let opened = 0;
  let requests = 0;

  const track = (socket: Socket) => {
    if (sockets.has(socket)) return;
    opened++;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };

  const exchange = (outgoing: Outgoing): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { signal, body = '' } = outgoing;
      if (signal?.aborted) return reject(aborted());
      const url = new URL(outgoing.url);
      const secure = url.protocol === 'https:';
      const request = (secure ? https : http).request(url, {
        agent: agents[secure ? 'https:' : 'http:'],
        method: outgoing.method ?? 'POST',
        headers: { ...outgoing.headers, ...traceHeaders(), 'content-length': Buffer.byteLength(body) },
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
        const status = message.statusCode ?? 0;
        if (status >= 200 && status < 600)
          resolve({
            status,
            ok: status < 300,
            type: message.headers['content-type'],
            body: new Body(message, options.maxResponseBytes),
          });
        else {
          message.destroy();
          reject(new ParleyError('ENGINE_PROTOCOL', `unusable status ${status}`));
        }
      });
      request.end(body);
    });

  return {
    send(request) {
      requests++;
      return exchange(request);
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

/** The error shape of an abort. */
function aborted(): DOMException {
  return new DOMException('The request was aborted', 'AbortError');
}
