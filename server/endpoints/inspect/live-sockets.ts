import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../../machines/clock.ts';
import { CLOSE_CODES } from '../../../machines/wire.ts';
import type { Access } from '../../door/access.ts';
import type { Hub } from './hub.ts';
import { LiveSocket } from './live-socket.ts';
import { INSPECT_SUBPROTOCOL, type InspectMessage } from './wire.ts';

/** Maximum size of a page's message; pages send little. */
const MAX_MESSAGE_BYTES = 16 * 1_024;

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
    const { hub, clock, access, ready, maxUnreadBytes } = this.#options;
    const page = new LiveSocket(webSocket, { hub, clock, access, ready, maxUnreadBytes });
    this.#pages.add(page);
    webSocket.once('close', () => {
      this.#pages.delete(page);
      if (this.#pages.size === 0) for (const tell of this.#gone.splice(0)) tell();
    });
    if (this.#pages.size > this.#options.maxPages) page.close(CLOSE_CODES.tooMany, 'too many pages are open');
  }
}
