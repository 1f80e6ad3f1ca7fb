import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { FRAME_MS, samplesPerFrame } from '../../machines/audio.ts';
import { encodeAudio } from '../../machines/audio-message.ts';
import {
  type ClientMessage,
  type ReadyMessage,
  type ServerMessage,
  SUBPROTOCOL,
  WIRE_LIMITS,
} from '../../machines/wire.ts';
import { parseCommand, parseHello } from '../../server/endpoints/parley-v1/client-messages.ts';

const OUTPUT_RATE = 24_000;
const FRAME = samplesPerFrame(OUTPUT_RATE);

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A client's connection, driven by a test: sends scripted messages, and records those of the client. */
export class ScriptedSession {
  /** All messages of the client, in order. */
  readonly received: ClientMessage[] = [];
  /** PCM of the client's binary messages, in order. */
  readonly audio: Buffer[] = [];
  readonly #socket: WebSocket;
  readonly #waiting = new Set<() => void>();
  #stateSeq = 0;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) this.audio.push(data);
      else this.received.push(checked(data.toString(), this.received.length === 0));
      for (const check of this.#waiting) check();
    });
  }

  /** The client's audio from message `first` on as one piece. */
  samples(first = 0): Int16Array {
    return new Int16Array(Uint8Array.from(Buffer.concat(this.audio.slice(first))).buffer);
  }

  /** Resolves as soon as `condition` holds; checked with every message of the client. */
  until(condition: (session: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = () => {
        if (!condition(this)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** The messages of one type so far. */
  all<T extends ClientMessage['type']>(type: T): Extract<ClientMessage, { type: T }>[] {
    return this.received.filter(
      (message): message is Extract<ClientMessage, { type: T }> => message.type === type,
    );
  }

  /** The samples of `generation` that the client acknowledged, report by report. */
  played(generation: number): number[] {
    return this.all('played').flatMap((message) =>
      message.generation === generation ? [message.samples] : [],
    );
  }

  say(...messages: readonly ServerMessage[]): void {
    for (const message of messages) this.#socket.send(JSON.stringify(message));
  }

  /** Sends arbitrary data, which a real server must not do. */
  raw(data: string | Uint8Array): void {
    this.#socket.send(data);
  }

  ready(more: Partial<ReadyMessage> = {}): void {
    const audio = { inputRate: 16_000, outputRate: OUTPUT_RATE } as const;
    this.say({ type: 'ready', session: 'scripted', epoch: 1, resumed: false, audio, ...more });
  }

  state(value: Extract<ServerMessage, { type: 'state' }>['value'], turn: number, generation: number): void {
    this.say({ type: 'state', value, turn, generation, seq: ++this.#stateSeq, at: performance.now() });
  }

  /**
   * Plays a tone of `ms` as `generation`, from frame `firstSeq` on, paced as a server must: at most 200 ms ahead of
   * real time. Resolves with the samples of the generation sent so far when all is sent, or when `signal` aborts.
   */
  async tone(
    generation: number,
    ms: number,
    { firstSeq = 0, signal }: { firstSeq?: number; signal?: AbortSignal } = {},
  ): Promise<number> {
    const startMs = performance.now();
    const end = firstSeq + Math.round(ms / FRAME_MS);
    for (let seq = firstSeq; seq < end; seq++) {
      const aheadMs = (seq - firstSeq) * FRAME_MS - (performance.now() - startMs);
      if (aheadMs > WIRE_LIMITS.sendAheadMs - FRAME_MS)
        await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
      if (signal?.aborted) return seq * FRAME;
      this.frame(generation, seq);
    }
    return end * FRAME;
  }

  /** Sends one frame of the tone. */
  frame(generation: number, seq: number): void {
    const pcm = Int16Array.from(
      { length: FRAME },
      (_, i) => 8_000 * Math.sin((2 * Math.PI * 440 * (seq * FRAME + i)) / OUTPUT_RATE),
    );
    this.#socket.send(encodeAudio({ generation, seq }, new Uint8Array(pcm.buffer)));
  }

  close(code: number): void {
    this.#socket.close(code);
  }

  /** Drops the connection without a close frame, like a network failure. */
  cut(): void {
    this.#socket.terminate();
  }
}

/** The message as a real server reads it. Throws for one that it would refuse. */
function checked(text: string, first: boolean): ClientMessage {
  const parsed = first ? parseHello(text) : parseCommand(text);
  if (!parsed.ok) throw new TypeError(`${parsed.failure.code}: ${parsed.failure.detail}`);
  return parsed.message;
}

export interface About {
  readonly phrases: readonly string[];
  readonly notices: readonly { readonly code: string; readonly message: string }[];
}

/** Serves built pages under the security policy of the real server, and the native protocol by script. */
export class ScriptedSessionServer {
  readonly #http: Server;
  readonly #sockets: WebSocketServer;
  readonly #arrived: ScriptedSession[] = [];
  readonly #wanted: ((session: ScriptedSession) => void)[] = [];
  /** Answer of `GET /v1/about`. */
  about: About = { phrases: [], notices: [] };

  private constructor(http: Server) {
    this.#http = http;
    this.#sockets = new WebSocketServer({
      server: http,
      path: '/v1/session',
      handleProtocols: (protocols) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    this.#sockets.on('connection', (socket) => {
      const session = new ScriptedSession(socket);
      const taker = this.#wanted.shift();
      if (taker) taker(session);
      else this.#arrived.push(session);
    });
  }

  /** `pages` is the folder of the built pages. */
  static async start(pages: string): Promise<ScriptedSessionServer> {
    const made: { server?: ScriptedSessionServer } = {};
    const http = createServer(async (request, response) => {
      const host = request.headers.host ?? '';
      const path = new URL(request.url ?? '/', 'http://localhost').pathname;
      if (path === '/v1/about') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(made.server?.about));
        return;
      }
      const file = path === '/' ? 'index.html' : normalize(path).slice(1);
      try {
        const body = await readFile(join(pages, file));
        response.writeHead(200, {
          'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
          'content-security-policy': contentSecurityPolicy(host),
          'x-content-type-options': 'nosniff',
        });
        response.end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    made.server = new ScriptedSessionServer(http);
    return made.server;
  }

  get url(): string {
    const { port } = this.#http.address() as AddressInfo;
    return `http://127.0.0.1:${port}/`;
  }

  /** Resolves with the next connection after its `hello`. */
  async next(): Promise<ScriptedSession> {
    const session =
      this.#arrived.shift() ??
      (await new Promise<ScriptedSession>((resolve) => {
        this.#wanted.push(resolve);
      }));
    await session.until(({ received }) => received.length > 0);
    return session;
  }

  /** Forgets connections that no test took, and tests that still wait for one: what a failed test leaves. */
  forget(): void {
    this.#arrived.length = 0;
    this.#wanted.length = 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
    this.#http.closeAllConnections();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}

function contentSecurityPolicy(host: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self' ws://${host} wss://${host}`,
    "img-src 'self' data:",
    "worker-src 'self'",
    "media-src 'self' blob:",
  ].join('; ');
}
