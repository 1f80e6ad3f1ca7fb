import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { createServer as createSecureServer, Server as SecureServer } from 'node:https';
import type { Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { realClock } from '../../adapters/real-clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { type Access, addressOf } from './access.ts';
import type { Certificate } from './certificate.ts';
import { answersCrossOrigin } from './cross-origin.ts';
import type { DoorLog } from './door.ts';
import type { Endpoint, UpgradeRefusal, UpgradeRoute } from './endpoint.ts';
import { FairPool } from './fair-pool.ts';
import {
  type AdviceFor,
  type ErrorResponse,
  errorResponse,
  onlyReads,
  pathOf,
  SECURITY_HEADERS,
  sendJson,
  sendText,
} from './http.ts';
import type { DoorLimits } from './limits.ts';
import { RefusalLog } from './refusal-log.ts';

/** Maximum number of connections that are not upgraded: pages, health checks, and silent ones. */
const HTTP_CONNECTIONS = 256;
/** Additional connections that are closing. */
const CLOSING_CONNECTIONS = 256;
/** Backlog of the listening socket, so that the kernel drops no health check during a flood. */
const BACKLOG = 4_096;
const REQUEST_HEAD_MS = 5_000;
const REQUEST_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;

export interface WebServerOptions {
  readonly endpoints: readonly Endpoint[];
  readonly access: Pick<Access, 'refusal'>;
  readonly limits: Pick<DoorLimits, 'sessions' | 'pendingConnections'>;
  readonly log: DoorLog;
  /** Called for each refused request. */
  readonly onRefused: () => void;
  /** Default: none. */
  readonly adviceFor?: AdviceFor;
  /** Address to listen on; 127.0.0.1. */
  readonly address?: string | undefined;
  /** 7400; 0 for any free one. */
  readonly port?: number | undefined;
  /** With one, `https:` and `wss:` only. */
  readonly certificate?: Certificate | undefined;
  /** Time limit for sending a request's head, and the interval of its check, in ms: 5,000. */
  readonly requestHeadMs?: number | undefined;
}

export interface ListeningAddress {
  readonly host: string;
  readonly port: number;
  /** `http://…` or `https://…`, without a slash at the end. */
  readonly url: string;
}

/** The HTTP or HTTPS server of all endpoints. It checks host, origin and address of each request before any endpoint sees it. */
export class WebServer {
  readonly #options: WebServerOptions;
  readonly #server: Server;
  readonly #http = new FairPool<Socket>(HTTP_CONNECTIONS);
  /** TCP sockets by their peer: with TLS a request has another socket than its connection. */
  readonly #sockets = new Map<string, Socket>();
  readonly #refusals: RefusalLog;
  #closed: Promise<void> | undefined;

  constructor(options: WebServerOptions) {
    const { limits, certificate, requestHeadMs = REQUEST_HEAD_MS } = options;
    this.#options = options;
    this.#refusals = new RefusalLog(options.log, realClock);
    const settings = {
      noDelay: true,
      headersTimeout: requestHeadMs,
      requestTimeout: Math.max(REQUEST_MS, requestHeadMs),
      connectionsCheckingInterval: requestHeadMs,
      keepAliveTimeout: KEEP_ALIVE_MS,
    };
    this.#server = certificate
      ? createSecureServer({ ...settings, ...certificate, handshakeTimeout: requestHeadMs }, this.#onRequest)
      : createServer(settings, this.#onRequest);
    this.#server.maxConnections =
      limits.sessions + 2 * limits.pendingConnections + HTTP_CONNECTIONS + CLOSING_CONNECTIONS;
    this.#server.on('connection', (socket) => this.#onConnection(socket));
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
  }

  /** Rejects with PORT_IN_USE if the port is taken, INTERNAL if the address cannot be used. */
  async listen(): Promise<ListeningAddress> {
    const { address = '127.0.0.1', port = 7_400, log } = this.#options;
    await listening(this.#server, address, port);
    this.#server.on('error', (error) => log.warn({ error: error.message }, 'the HTTP server failed'));
    return boundAddress(this.#server, address);
  }

  /** Serves a connection that another process has accepted, as if it had come here. */
  accept(socket: Socket): void {
    if (this.#sockets.size >= this.#server.maxConnections) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    this.#server.emit('connection', socket);
    socket.resume();
  }

  /** Stops listening and closes all connections. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= new Promise<void>((resolve) => {
      if (!this.#server.listening) return resolve();
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
      // Those within a TLS handshake.
      for (const socket of this.#http.items()) socket.destroy();
    });
    return this.#closed;
  }

  /** Takes over a new certificate; keeps the present one if it cannot be read. */
  async renew(read: Promise<Certificate | undefined>): Promise<void> {
    const { log } = this.#options;
    try {
      const certificate = await read;
      if (certificate && this.#server instanceof SecureServer) this.#server.setSecureContext(certificate);
      log.info({}, 'the TLS certificate was read again; new connections get it');
    } catch (error) {
      log.warn({ err: error }, 'the new TLS certificate cannot be used; the old one stays in force');
    }
  }

  /** Makes room by dropping the oldest connection of the busiest address, so that short requests always succeed. */
  #onConnection(socket: Socket): void {
    const address = addressOf(socket);
    const peer = peerOf(socket);
    this.#http.add(address, socket)?.destroy();
    this.#sockets.set(peer, socket);
    socket.once('close', () => {
      this.#http.delete(address, socket);
      this.#sockets.delete(peer);
    });
  }

  /** Stops counting the connection of a request among those that are dropped when too many are open. */
  #uncount({ socket }: IncomingMessage): Socket {
    const connection = this.#sockets.get(peerOf(socket)) ?? socket;
    this.#http.delete(addressOf(connection), connection);
    return connection;
  }

  readonly #onRequest: RequestListener = (request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    const path = pathOf(request);
    const refusal = this.#options.access.refusal(request);
    if (refusal) {
      this.#options.onRefused();
      this.#refusals.refused(refusal);
      response.setHeader('Vary', 'Origin');
      sendJson(response, refusal.status, { error: { code: 'FORBIDDEN', message: refusal.text } });
    } else if (answersCrossOrigin(request, response)) return;
    else if (path === undefined) sendText(response, 400, 'the path cannot be decoded');
    else if (!this.#routed(request, response, path) && onlyReads(request, response))
      sendText(response, 404, 'there is nothing here');
  };

  #routed(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    const keep = () => this.#keep(request, response);
    return this.#options.endpoints.some(
      (endpoint) => endpoint.routes?.(request, response, path, keep) === true,
    );
  }

  #keep(request: IncomingMessage, response: ServerResponse): void {
    const socket = this.#uncount(request);
    const address = addressOf(socket);
    response.once('close', () => {
      if (!socket.destroyed) this.#http.add(address, socket)?.destroy();
    });
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { access, endpoints, onRefused, adviceFor } = this.#options;
    const path = pathOf(request) ?? '';
    let answer: ReturnType<UpgradeRoute> = access.refusal(request);
    if (answer) this.#refusals.refused(answer);
    for (const { upgrade } of endpoints) answer ??= upgrade?.(request, socket, head, path);
    const refuse = ({ status, text }: UpgradeRefusal) => {
      onRefused();
      endUpgrade(socket, status, { 'Content-Type': 'text/plain; charset=utf-8' }, `${text}\n`);
    };
    const fail = (thrown: unknown) => {
      onRefused();
      const { status, headers, body } = errorResponse(thrown, adviceFor);
      const all = { ...headers, 'Content-Type': 'application/json; charset=utf-8' };
      endUpgrade(socket, status, all, `${JSON.stringify(body)}\n`);
    };
    if (answer === 'taken') this.#uncount(request);
    else if (answer instanceof Promise) {
      // No other listener yet; a client may go while its token is checked.
      const gone = () => socket.destroy();
      socket.on('error', gone);
      answer.then(() => this.#uncount(request), fail).finally(() => socket.off('error', gone));
    } else refuse(answer ?? { status: 404, text: 'there is no WebSocket here' });
  }
}

/** Refuses an upgrade request with an HTTP response and closes the socket. */
function endUpgrade(socket: Duplex, status: number, headers: ErrorResponse['headers'], body: string): void {
  socket.on('error', () => socket.destroy());
  socket.once('finish', () => socket.destroy());
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'Connection: close',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
  );
}

/** Address and port of a peer, which no other connection has as long as it is open. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

/** Rejects with PORT_IN_USE or INTERNAL. */
export function listening(server: NetServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'EADDRINUSE'
          ? new ParleyError('PORT_IN_USE', `${host}:${port}`, { cause })
          : new ParleyError('INTERNAL', `cannot listen on ${host}:${port}`, { cause }),
      );
    server.once('error', failed);
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

/** Where a server listens that was asked to listen on `host`. */
export function boundAddress(server: NetServer, host: string): ListeningAddress {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new ParleyError('INTERNAL', 'no TCP address');
  const wildcard = host === '0.0.0.0' || host === '::';
  const name = wildcard ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return {
    host,
    port: bound.port,
    url: `${server instanceof SecureServer ? 'https' : 'http'}://${name}:${bound.port}`,
  };
}
