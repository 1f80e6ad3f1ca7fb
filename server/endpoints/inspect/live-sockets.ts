import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock, TimerHandle } from '../../../machines/clock.ts';
import { parseJson } from '../../../machines/json.ts';
import { CLOSE_CODES, WIRE_LIMITS } from '../../../machines/wire.ts';
import type { Access } from '../../door/access.ts';
import { TokenBucket } from '../../door/token-bucket.ts';
import type { Hub, Watcher } from './hub.ts';
import {
  INSPECT_LIMITS,
  INSPECT_SUBPROTOCOL,
  type InspectMessage,
  type PageMessage,
  pageMessage,
} from './wire.ts';

/** Maximum size of a page's message; pages send little. */
const MAX_MESSAGE_BYTES = 16 * 1_024;

/** Interval of pings, and the time limit for their pongs, ms. */
const PING_MS = 20_000;
/** Time limit for a closing handshake, ms. */
export const CLOSE_MS = 1_000;
/** Messages per second on average, and burst. A page sends one per click. */
const MESSAGES_PER_SECOND = 20;
const MESSAGE_BURST = 100;

export interface LiveSocketsOptions {
  readonly hub: Hub;
  readonly clock: Clock;
  readonly access: Access;
  readonly ready: Extract<InspectMessage, { type: 'ready' }>;
  /** Maximum number of pages; the next one is refused. */
  readonly maxPages: number;
  /** Maximum unread bytes of a page before it is dropped. */
  readonly maxUnreadBytes: number;
}

/** The WebSockets of open inspector pages. */
export class LiveSockets {
  readonly #options: LiveSocketsOptions;
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: (offered) => (offered.has(INSPECT_SUBPROTOCOL) ? INSPECT_SUBPROTOCOL : false),
  });
  readonly #pages = new Set<LiveSocket>();
  readonly #gone: (() => void)[] = [];

  constructor(options: LiveSocketsOptions) {
    this.#options = options;
  }

  /** Number of open pages. */
  get size(): number {
    return this.#pages.size;
  }

  /** Takes over the connection of an upgrade request whose origin has been checked. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#open(webSocket));
  }

  /** Closes every page's connection; resolves when all have closed. */
  async close(): Promise<void> {
    for (const page of this.#pages) page.close(CLOSE_CODES.draining, 'the server is shutting down');
    if (this.#pages.size > 0) await new Promise<void>((resolve) => this.#gone.push(resolve));
  }

  #open(webSocket: WebSocket): void {
    const page = new LiveSocket(webSocket, this.#options);
    this.#pages.add(page);
    webSocket.once('close', () => {
      this.#pages.delete(page);
      if (this.#pages.size === 0) for (const tell of this.#gone.splice(0)) tell();
    });
    if (this.#pages.size > this.#options.maxPages) page.close(CLOSE_CODES.tooMany, 'too many pages are open');
  }
}

/** One page's WebSocket: hello first, then its subscriptions. A page that does not read is dropped. */
class LiveSocket implements Watcher {
  readonly #socket: WebSocket;
  readonly #context: LiveSocketsOptions;
  readonly #messages: TokenBucket;
  readonly #watched = new Set<string>();
  #timer: TimerHandle;
  #greeted = false;
  #alive = true;
  #over = false;

  constructor(socket: WebSocket, context: LiveSocketsOptions) {
    this.#socket = socket;
    this.#context = context;
    this.#messages = new TokenBucket(context.clock, { perSecond: MESSAGES_PER_SECOND, burst: MESSAGE_BURST });
    this.#timer = context.clock.setTimer(WIRE_LIMITS.helloMs, () =>
      this.close(CLOSE_CODES.idle, 'no hello arrived in time'),
    );
    socket.on('message', (data, isBinary) => this.#onMessage(isBinary ? undefined : String(data)));
    socket.on('pong', () => {
      this.#alive = true;
    });
    socket.on('error', () => {}); // `close` follows
    socket.once('close', () => {
      this.#end();
      this.#timer.cancel();
    });
  }

  tell(json: string): void {
    if (this.#over) return;
    if (this.#socket.bufferedAmount > this.#context.maxUnreadBytes) {
      this.close(CLOSE_CODES.slowReader, 'the page does not read fast enough');
      return;
    }
    this.#socket.send(json);
  }

  /** Sends the page the reason and closes; forcibly if the page does not answer. */
  close(code: number, reason: string): void {
    if (this.#over) return;
    this.#end();
    this.#socket.close(code, reason);
    this.#timer.cancel();
    this.#timer = this.#context.clock.setTimer(CLOSE_MS, () => this.#socket.terminate());
  }

  /** Stops sending. */
  #end(): void {
    this.#over = true;
    this.#context.hub.forget(this);
  }

  #onMessage(text: string | undefined): void {
    if (this.#over) return;
    if (!this.#messages.take(1)) {
      this.close(CLOSE_CODES.tooMany, 'too many messages');
      return;
    }
    const { data } = pageMessage.safeParse(text === undefined ? text : parseJson(text));
    if (!this.#greeted) void this.#greet(data);
    else if (data) this.#obey(data);
    else this.#send({ type: 'error', code: 'BAD_MESSAGE', message: 'expected a message of an inspector' });
  }

  async #greet(message: PageMessage | undefined): Promise<void> {
    if (message?.type !== 'hello') {
      this.close(CLOSE_CODES.badMessage, 'the first message must be hello');
      return;
    }
    const { access, clock, ready } = this.#context;
    const holder = await access.holder(message.token).catch(() => undefined);
    if (this.#over || this.#greeted) return;
    if (!holder?.rights.has('inspect')) {
      this.close(CLOSE_CODES.unauthorised, 'the token is not accepted');
      return;
    }
    this.#greeted = true;
    this.#timer.cancel();
    this.#timer = clock.setTimer(PING_MS, () => this.#ping());
    this.#send({ ...ready, control: ready.control && holder.rights.has('control') });
  }

  #obey(message: PageMessage): void {
    const { hub } = this.#context;
    switch (message.type) {
      case 'hello':
        this.#send({ type: 'error', code: 'BAD_MESSAGE', message: 'hello was said before' });
        return;
      case 'sessions':
        if (message.on) void hub.list(this);
        else hub.unlist(this);
        return;
      case 'watch':
        if (this.#watched.size >= INSPECT_LIMITS.watched && !this.#watched.has(message.session)) {
          const most = `at most ${INSPECT_LIMITS.watched} sessions can be watched at once`;
          this.#send({ type: 'error', code: 'TOO_MANY', message: most });
          return;
        }
        this.#watched.add(message.session);
        hub.watch(message.session, this);
        return;
      case 'unwatch':
        if (this.#watched.delete(message.session)) hub.unwatch(message.session, this);
        return;
    }
  }

  #ping(): void {
    if (!this.#alive) {
      this.close(CLOSE_CODES.slowReader, 'the page gave no sign of life');
      return;
    }
    this.#alive = false;
    this.#socket.ping();
    this.#timer = this.#context.clock.setTimer(PING_MS, () => this.#ping());
  }

  #send(message: InspectMessage): void {
    this.tell(JSON.stringify(message));
  }
}
