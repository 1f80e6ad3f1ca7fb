import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { parseJson } from '../../machines/json.ts';
import { Awaiting } from './awaiting.ts';

const realtimeEvent = z.looseObject({ type: z.string() });
/** An event of the Realtime API. */
export type RealtimeEvent = z.output<typeof realtimeEvent>;

/** One client's connection, which a test answers. */
export class RealtimePeer {
  readonly received: RealtimeEvent[] = [];
  readonly #socket: WebSocket;
  readonly #awaiting: Awaiting;
  #closed = false;

  constructor(socket: WebSocket, onEvent: (peer: RealtimePeer, event: RealtimeEvent) => void) {
    this.#socket = socket;
    this.#awaiting = new Awaiting({
      story: () => this.received.map((event) => JSON.stringify(event).slice(0, 200)).join('\n'),
      closed: () => this.#closed,
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#awaiting.check();
    });
    socket.on('error', () => {});
    socket.on('message', (data) => {
      const event = realtimeEvent.parse(parseJson(String(data)));
      this.received.push(event);
      onEvent(this, event);
      this.#awaiting.check();
    });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  send(...events: readonly RealtimeEvent[]): void {
    for (const event of events) this.#socket.send(JSON.stringify(event));
  }

  /** Sends a line as it is. */
  sendRaw(line: string): void {
    this.#socket.send(line);
  }

  /** Ends the connection without a close frame. */
  terminate(): void {
    this.#socket.terminate();
  }

  /** Reads nothing more, so that pings get no answer. */
  freeze(): void {
    this.#socket.pause();
  }

  of(type: string): RealtimeEvent[] {
    return this.received.filter((event) => event.type === type);
  }

  /** The event of this type with this number, from 0; waits for it. */
  async next(type: string, number = 0): Promise<RealtimeEvent> {
    await this.#awaiting.until(() => this.of(type).length > number, `${type} ${number}`);
    return this.of(type)[number] ?? { type };
  }

  closed(): Promise<void> {
    return this.#awaiting.until(() => this.#closed, 'the end of the connection');
  }
}

export interface RealtimeLoopback {
  /** Up to `/v1`. */
  readonly baseURL: string;
  readonly peers: readonly RealtimePeer[];
  /** Headers of each connection. */
  readonly headers: readonly Readonly<Record<string, unknown>>[];
  peer(number?: number): Promise<RealtimePeer>;
  close(): Promise<void>;
}

/** A server of the Realtime API that greets its clients, unless the script says otherwise, and leaves the rest to the test. */
export async function realtimeLoopback(
  onEvent: (peer: RealtimePeer, event: RealtimeEvent) => void = greet,
  onOpen: (peer: RealtimePeer, number: number) => void = (peer) =>
    peer.send({ type: 'session.created', session: {} }),
): Promise<RealtimeLoopback> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/v1/realtime' });
  const peers: RealtimePeer[] = [];
  const headers: Readonly<Record<string, unknown>>[] = [];
  const awaiting = new Awaiting({ story: () => `${peers.length} connections` });
  server.on('connection', (socket, request) => {
    const peer = new RealtimePeer(socket, onEvent);
    headers.push(request.headers);
    peers.push(peer);
    onOpen(peer, peers.length - 1);
    awaiting.check();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    ...{ baseURL: `http://127.0.0.1:${port}/v1`, peers, headers },
    async peer(number = 0) {
      await awaiting.until(() => peers.length > number, `connection ${number}`);
      const found = peers[number];
      if (!found) throw new Error('unreachable');
      return found;
    },
    async close() {
      for (const peer of peers) peer.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Takes the session as it is asked for. */
export function greet(peer: RealtimePeer, event: RealtimeEvent): void {
  if (event.type === 'session.update') peer.send({ type: 'session.updated', session: {} });
}
