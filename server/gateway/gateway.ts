import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Bus } from '../../actors/ports/bus.ts';
import type { ResamplerFactory } from '../../actors/ports/resampler.ts';
import type { Clock } from '../../machines/clock.ts';
import { ParleyError } from '../../machines/errors.ts';
import { SUBPROTOCOL, WIRE_LIMITS } from '../../machines/wire.ts';
import { Connection, type ConnectionContext, type GatewayLog } from './connection.ts';
import { type HttpRoute, httpHandler, pathOf } from './http.ts';
import { defaultGatewayLimits, type GatewayLimits } from './limits.ts';
import { isLoopback } from './origin.ts';
import type { SessionHost } from './session-host.ts';
import { loadStaticFiles } from './static-files.ts';
import { type GatewayStats, newCounters } from './stats.ts';
import { tokenCheck } from './token.ts';
import { refusalOf, refuseUpgrade, type UpgradeRoute } from './upgrade.ts';
import { GatewaySocket } from './ws-socket.ts';

export type { GatewayLog } from './connection.ts';
export type { HttpRoute } from './http.ts';
export { defaultGatewayLimits, type GatewayLimits } from './limits.ts';
export type { OpenSession, SessionCloseReason, SessionHost, SessionRequest } from './session-host.ts';
export type { GatewayStats } from './stats.ts';
export type { UpgradeRoute } from './upgrade.ts';

/** A message of more frames than this is no client's that means well. */
const MAX_FRAGMENTS = 64;
/** Connections that are neither a session nor about to be one: pages and health checks. */
const HTTP_CONNECTIONS = 256;
const REQUEST_HEAD_MS = 5_000;
const REQUEST_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;

export interface GatewayOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly host: SessionHost;
  readonly resamplers: ResamplerFactory;
  /** Address to listen on; 127.0.0.1. */
  readonly address?: string;
  /** 7400; 0 for any free one. */
  readonly port?: number;
  /** Whoever connects must say it in hello. None: anybody may. */
  readonly token?: string;
  /** Origins whose pages may connect, besides our own; `*` for any. */
  readonly allowedOrigins?: readonly string[];
  /** For a client that names none: `en`. */
  readonly language?: string;
  /** For a client that names none; else the engine's own. */
  readonly voice?: string;
  /** Pages to serve at `/`. */
  readonly pages?: string;
  /** Further endpoints, asked before our own. */
  readonly route?: HttpRoute;
  /** WebSockets of another part of the server, asked before our own. */
  readonly upgrade?: UpgradeRoute;
  /** What keeps the server from being ready, besides a lost bus and draining: shown by `/readyz`. */
  readonly notReady?: () => readonly string[];
  /** Only those that differ from `defaultGatewayLimits`. */
  readonly limits?: Partial<GatewayLimits>;
  readonly log?: GatewayLog;
  /** How long a client may take to send a request's head, and how often that is checked, in ms: 5,000. */
  readonly requestHeadMs?: number;
}

export interface ListeningAddress {
  readonly host: string;
  readonly port: number;
  /** `http://…`, without a slash at the end. */
  readonly url: string;
}

export interface Gateway {
  /** Rejects with PORT_IN_USE if so, INTERNAL if the address or the pages cannot be used. */
  listen(): Promise<ListeningAddress>;
  /**
   * From now on not ready; new connections are refused with DRAINING, live ones told, and closed after the
   * grace. Resolves when the last session is closed. HTTP is served until `close`. Idempotent.
   */
  drain(): Promise<void>;
  /** Drops what is left and stops listening. Idempotent. */
  close(): Promise<void>;
  stats(): GatewayStats;
}

/** The way in: `/v1/session` for clients, `/healthz` and `/readyz` for who runs the server, and its pages. */
export function createGateway(options: GatewayOptions): Gateway {
  return new WebGateway(options);
}

const silent: GatewayLog = { info: () => {}, warn: () => {} };

class WebGateway implements Gateway {
  readonly #options: GatewayOptions;
  readonly #limits: GatewayLimits;
  readonly #context: ConnectionContext;
  readonly #webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: WIRE_LIMITS.messageBytes,
    maxFragments: MAX_FRAGMENTS,
    handleProtocols: () => SUBPROTOCOL,
    WebSocket: GatewaySocket,
  });
  readonly #connections = new Set<Connection>();
  readonly #closes: Record<number, number> = {};
  #server: Server | undefined;
  #sessions = 0;
  #drained: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #onEmpty: (() => void)[] = [];

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#limits = { ...defaultGatewayLimits, ...options.limits };
    this.#context = {
      bus: options.bus,
      clock: options.clock,
      host: options.host,
      resamplers: options.resamplers,
      limits: this.#limits,
      language: options.language ?? 'en',
      voice: options.voice,
      counters: newCounters(),
      log: options.log ?? silent,
      tokenAccepted: tokenCheck(options.token),
      newSessionId: randomUUID,
    };
  }

  async listen(): Promise<ListeningAddress> {
    const { pages, route, address = '127.0.0.1', port = 7_400 } = this.#options;
    const files = pages === undefined ? undefined : await loadStaticFiles(pages);
    const headMs = this.#options.requestHeadMs ?? REQUEST_HEAD_MS;
    const server = createServer(
      {
        noDelay: true,
        headersTimeout: headMs,
        requestTimeout: Math.max(REQUEST_MS, headMs),
        connectionsCheckingInterval: headMs,
        keepAliveTimeout: KEEP_ALIVE_MS,
      },
      httpHandler({ files, route, notReady: () => this.#notReady() }),
    );
    server.maxConnections = this.#limits.sessions + this.#limits.pendingConnections + HTTP_CONNECTIONS;
    this.#serveUpgrades(server, isLoopback(address));
    this.#server = server;
    await listening(server, address, port);
    server.on('error', (error) => this.#context.log.warn({ error: error.message }, 'the HTTP server failed'));
    return addressOf(server, address);
  }

  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  stats(): GatewayStats {
    return {
      ...this.#context.counters,
      connections: this.#connections.size,
      sessions: this.#sessions,
      draining: this.#drained !== undefined,
      closes: { ...this.#closes },
    };
  }

  #notReady(): readonly string[] {
    const reasons = [...(this.#options.notReady?.() ?? [])];
    if (!this.#options.bus.connected()) reasons.push('the bus is not connected');
    if (this.#drained !== undefined) reasons.push('the server is draining');
    return reasons;
  }

  #serveUpgrades(server: Server, loopbackOnly: boolean): void {
    const policy = { allowed: this.#options.allowedOrigins ?? [], loopbackOnly };
    server.on('upgrade', (request, socket, head) => {
      const other = this.#options.upgrade?.(request, socket, head, pathOf(request) ?? '');
      if (other === 'taken') return;
      const refusal = other ?? refusalOf(request, policy);
      if (refusal) {
        this.#context.counters.refused += 1;
        refuseUpgrade(socket, refusal);
        return;
      }
      this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        if (webSocket instanceof GatewaySocket) this.#connect(webSocket, socket);
      });
    });
  }

  #connect(socket: GatewaySocket, wire: Duplex): void {
    const connection = new Connection(socket, wire, this.#context, {
      admit: () => this.#admit(),
      release: () => {
        this.#sessions -= 1;
        this.#tellIfEmpty();
      },
      onClosed: (code) => {
        this.#connections.delete(connection);
        this.#closes[code] = (this.#closes[code] ?? 0) + 1;
        this.#tellIfEmpty();
      },
    });
    this.#connections.add(connection);
    if (this.#drained !== undefined) connection.fail('DRAINING');
    else if (this.#connections.size - this.#sessions > this.#limits.pendingConnections)
      connection.fail('TOO_MANY');
  }

  #admit(): boolean {
    if (this.#sessions >= this.#limits.sessions) return false;
    this.#sessions += 1;
    return true;
  }

  async #drain(): Promise<void> {
    for (const connection of this.#connections) connection.announceDrain();
    const grace = this.#context.clock.setTimer(this.#limits.drainGraceMs, () => {
      for (const connection of this.#connections) connection.fail('DRAINING');
    });
    await this.#empty();
    grace.cancel();
  }

  async #close(): Promise<void> {
    this.#drained ??= Promise.resolve();
    for (const connection of this.#connections) connection.terminate();
    await this.#empty();
    const server = this.#server;
    if (!server?.listening) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  #empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve);
      this.#tellIfEmpty();
    });
  }

  #tellIfEmpty(): void {
    if (this.#connections.size > 0 || this.#sessions > 0) return;
    for (const tell of this.#onEmpty.splice(0)) tell();
  }
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) =>
      reject(
        cause.code === 'EADDRINUSE'
          ? new ParleyError('PORT_IN_USE', `${host}:${port}`, { cause })
          : new ParleyError('INTERNAL', `cannot listen on ${host}:${port}`, { cause }),
      );
    server.once('error', failed);
    server.listen({ host, port }, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function addressOf(server: Server, host: string): ListeningAddress {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new ParleyError('INTERNAL', 'no TCP address');
  const wildcard = host === '0.0.0.0' || host === '::';
  const name = wildcard ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return { host, port: bound.port, url: `http://${name}:${bound.port}` };
}
