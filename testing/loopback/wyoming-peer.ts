import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Awaiting } from './awaiting.ts';
import { closeServer, listenOnLoopback, Sockets } from './sockets.ts';

/** An event as it was on the wire. */
export interface WyomingMessage {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly payload: Buffer;
}

/** One end of a connection of the Wyoming protocol, written from its description alone. */
export class WyomingPeer {
  readonly socket: Socket;
  /** Everything that came but pings and pongs, in order. */
  readonly received: WyomingMessage[] = [];
  /** Header lines as they came. */
  readonly headers: Readonly<Record<string, unknown>>[] = [];
  readonly closed: Promise<unknown>;
  /** Called with each event. */
  onEvent: (event: WyomingMessage) => void = () => {};
  answersPings = true;
  #bytes = Buffer.alloc(0);
  #barriers = 0;
  #passed = 0;
  readonly #awaiting = new Awaiting({ story: () => this.#story(), closed: () => this.socket.closed });

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      for (let event = this.#next(); event; event = this.#next()) this.#take(event);
      this.#awaiting.check();
    });
    this.closed = once(socket, 'close').then(() => this.#awaiting.check());
  }

  static async connect(port: number): Promise<WyomingPeer> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new WyomingPeer(socket);
  }

  /** Data go into a block of their own, as from the Python package, or `inline` into the header. */
  send(type: string, data: object = {}, payload: Uint8Array = Buffer.alloc(0), how?: 'inline'): void {
    const block = how === 'inline' ? '' : JSON.stringify(data);
    const header = {
      ...{ type, ...(how === 'inline' && { data }), version: '1.7.2' },
      ...(block !== '' && { data_length: Buffer.byteLength(block) }),
      ...(payload.byteLength > 0 && { payload_length: payload.byteLength }),
    };
    this.socket.write(Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n${block}`), payload]));
  }

  /** Resolves once the other end has read everything written so far, and this one what the other had written. */
  async ping(): Promise<void> {
    const text = `barrier ${++this.#barriers}`;
    this.send('ping', { text });
    await this.until(() => this.#passed === this.#barriers, text);
  }

  of(type: string): WyomingMessage[] {
    return this.received.filter((event) => event.type === type);
  }

  /** The event of this type with this number, from 0; waits for it. */
  async next(type: string, number = 0): Promise<WyomingMessage> {
    await this.until(() => this.of(type).length > number, `${type} ${number}`);
    const found = this.of(type)[number];
    if (!found) throw new Error('unreachable');
    return found;
  }

  /** Resolves as soon as `condition` holds; it is checked with everything that comes. */
  until(condition: () => boolean, what = 'condition'): Promise<void> {
    return this.#awaiting.until(condition, what);
  }

  #story(): string {
    return this.received.map(({ type, data }) => `${type} ${JSON.stringify(data)}`.slice(0, 200)).join('\n');
  }

  #take(event: WyomingMessage): void {
    if (event.type === 'ping') {
      if (this.answersPings && this.socket.writable) this.send('pong', event.data);
    } else if (event.type === 'pong' && event.data.text === `barrier ${this.#passed + 1}`) this.#passed++;
    else if (event.type !== 'pong' || event.data.text === 'own') {
      this.received.push(event);
      this.onEvent(event);
    }
  }

  #next(): WyomingMessage | undefined {
    const end = this.#bytes.indexOf('\n');
    if (end < 0) return undefined;
    const header: Record<string, unknown> = JSON.parse(this.#bytes.subarray(0, end).toString());
    const dataEnd = end + 1 + Number(header.data_length ?? 0);
    const payloadEnd = dataEnd + Number(header.payload_length ?? 0);
    if (this.#bytes.byteLength < payloadEnd) return undefined;
    const block = this.#bytes.subarray(end + 1, dataEnd).toString();
    const payload = Buffer.from(this.#bytes.subarray(dataEnd, payloadEnd));
    this.#bytes = this.#bytes.subarray(payloadEnd);
    this.headers.push(header);
    return {
      type: String(header.type),
      data: { ...(header.data as object), ...(block === '' ? {} : JSON.parse(block)) },
      payload,
    };
  }
}

/** Listens on 127.0.0.1. Each connection gets a peer: a satellite for the server that dials it, or a service for a client. */
export class WyomingListener {
  readonly url: string;
  /** The other end of every connection, the newest last. */
  readonly servers: WyomingPeer[] = [];
  readonly #server: Server;
  readonly sockets: Sockets;
  readonly #waiting: (() => void)[] = [];

  private constructor(server: Server, port: number, sockets: Sockets, meet: (server: WyomingPeer) => void) {
    this.#server = server;
    this.sockets = sockets;
    this.url = `tcp://127.0.0.1:${port}`;
    server.on('connection', (socket) => {
      const peer = new WyomingPeer(socket);
      this.servers.push(peer);
      meet(peer);
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  /** `meet`: called with each server that connects. */
  static async start(meet: (server: WyomingPeer) => void = () => {}): Promise<WyomingListener> {
    const server = createServer();
    const sockets = new Sockets(server);
    return new WyomingListener(server, await listenOnLoopback(server), sockets, meet);
  }

  /** The connection with this number, from 0; waits for it. */
  async server(number = 0): Promise<WyomingPeer> {
    for (;;) {
      const found = this.servers[number];
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  close(): Promise<void> {
    return closeServer(this.#server, this.sockets);
  }
}
