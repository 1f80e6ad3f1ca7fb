import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { AsyncQueue } from '../../actors/async-queue.ts';
import type { OutsideSpeech } from '../../actors/ports/outside-speech.ts';
import type { Resampler, ResamplerFactory } from '../../actors/ports/resampler.ts';
import type { ClientCommand } from '../../actors/session/client-command.ts';
import { decodeAudio } from '../../machines/audio-message.ts';
import { VirtualClock } from '../../machines/clock.ts';
import { type EndReason, type SessionMessage, SUBPROTOCOL } from '../../machines/wire.ts';
import { afterTest } from '../../test/support/after-test.ts';
import { type Front, type FrontOptions, makeFront } from '../front.ts';
import { type AccessOptions, accessOf } from './access.ts';
import { Admission, type Gate } from './admission.ts';
import type { Door } from './door.ts';
import { Readiness } from './readiness.ts';
import type {
  OpenSession,
  SessionCloseReason,
  SessionHost,
  SessionListener,
  SessionRequest,
} from './session-host.ts';
import type { ListeningAddress } from './web-server.ts';

/** One session of a {@link ScriptedHost}: records what it receives, and sends what a test wants. */
export class ScriptedSession implements OpenSession {
  readonly request: SessionRequest;
  readonly commands = new AsyncQueue<unknown>();
  readonly heard = new AsyncQueue<{ sample: number; bytes: Uint8Array }>();
  readonly closed: Promise<SessionCloseReason>;
  /** Awaited by `close`. */
  lastWords: () => void | Promise<void> = () => {};
  /** Called for each command, besides recording it. */
  onCommand: (command: ClientCommand) => void = () => {};
  readonly #listener: SessionListener;
  #onClosed: (reason: SessionCloseReason) => void = () => {};

  constructor(listener: SessionListener, request: SessionRequest) {
    this.request = request;
    this.#listener = listener;
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  command(command: ClientCommand): void {
    this.commands.push(command);
    this.onCommand(command);
  }

  audio(bytes: Uint8Array, sample: number): void {
    this.heard.push({ sample, bytes });
  }

  /** What it learned of its client, among the commands. */
  present(here: boolean): void {
    this.commands.push(here ? 'back' : 'away');
  }

  /** Answers every `heardAt`. */
  heardAt: OpenSession['heardAt'] = () => undefined;

  /** Speech from outside that was accepted. */
  readonly played: OutsideSpeech[] = [];
  /** Whether it accepts speech from outside. */
  isIdle = true;

  speak(speech: OutsideSpeech): boolean {
    if (this.isIdle) this.played.push(speech);
    return this.isIdle;
  }

  say(message: SessionMessage): void {
    this.#listener.message(message);
  }

  play(generation: number, seq: number, pcm: Uint8Array = new Uint8Array(960)): void {
    this.#listener.audio(generation, seq, pcm);
  }

  sent(generation: number): void {
    this.#listener.audioSent?.(generation);
  }

  async close(reason: SessionCloseReason): Promise<void> {
    await this.lastWords();
    this.#onClosed(reason);
  }
}

export class ScriptedHost implements SessionHost {
  readonly opened = new AsyncQueue<ScriptedSession>();
  /** Default: it continues no session. */
  waitsFor: NonNullable<SessionHost['waitsFor']> = () => false;
  /** Awaited before a session opens; if it throws, opening fails with that error. */
  beforeOpen: (request: SessionRequest, session: ScriptedSession) => void | Promise<void> = () => {};

  async open(request: SessionRequest, listener: SessionListener): Promise<OpenSession> {
    const session = new ScriptedSession(listener, request);
    await this.beforeOpen(request, session);
    this.opened.push(session);
    return session;
  }
}

/** Halves or repeats samples: enough to see that, and where, rates are converted. */
export const naiveResamplers: ResamplerFactory = {
  create<From extends number, To extends number>(from: From, to: To): Resampler<From, To> {
    return {
      from,
      to,
      push: (pcm) => {
        const samples = new Int16Array(Math.floor((pcm.samples.length * to) / from));
        for (let i = 0; i < samples.length; i++) samples[i] = pcm.samples[Math.floor((i * from) / to)] ?? 0;
        return { rate: to, samples };
      },
      flush: () => ({ rate: to, samples: new Int16Array(0) }),
      close: () => {},
    };
  },
};

export type Received =
  | { readonly kind: 'json'; readonly message: Record<string, unknown> }
  | { readonly kind: 'audio'; readonly generation: number; readonly seq: number; readonly bytes: number };

export interface TestClientOptions {
  readonly origin?: string;
  readonly protocols?: readonly string[];
  /** Default: the native endpoint. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** False: the test answers pings itself. */
  readonly autoPong?: boolean;
}

/** A WebSocket client that records what it receives, in order. */
export class TestClient {
  readonly socket: WebSocket;
  readonly received = new AsyncQueue<Received>();
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(url: string, options: TestClientOptions = {}) {
    const headers = { ...options.headers, ...(options.origin !== undefined && { Origin: options.origin }) };
    this.socket = new WebSocket(
      `${url.replace('http', 'ws')}${options.path ?? '/v1/session'}`,
      [...(options.protocols ?? [SUBPROTOCOL])],
      { headers, autoPong: options.autoPong ?? true },
    );
    this.socket.on('message', (data, isBinary) => {
      if (Buffer.isBuffer(data)) this.received.push(received(data, isBinary));
    });
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    this.socket.on('error', () => {});
  }

  async opened(): Promise<this> {
    if (this.socket.readyState !== WebSocket.OPEN) await once(this.socket, 'open');
    return this;
  }

  say(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The next JSON message, of `type` if one is given; all before it is skipped. */
  async json(type?: string): Promise<Record<string, unknown>> {
    for (;;) {
      const next = await this.received.take();
      if (next.kind === 'json' && (type === undefined || next.message.type === type)) return next.message;
    }
  }

  /** How the server answers a handshake that it refuses. */
  async refused(): Promise<{ status: number | undefined; retryAfter: string | undefined; body: string }> {
    const response = await new Promise<IncomingMessage>((resolve) => {
      this.socket.once('unexpected-response', (_request, answer) => resolve(answer));
    });
    const parts: Buffer[] = [];
    for await (const part of response) parts.push(part);
    this.socket.terminate();
    const { statusCode: status, headers } = response;
    return { status, retryAfter: headers['retry-after'], body: Buffer.concat(parts).toString() };
  }

  /** Our own ping comes back when the server has read all that was sent before it. */
  async pinged(): Promise<void> {
    this.socket.ping();
    await once(this.socket, 'pong');
  }
}

function received(data: Buffer, isBinary: boolean): Received {
  if (!isBinary) return { kind: 'json', message: JSON.parse(data.toString()) };
  const audio = decodeAudio(data);
  if (!audio) throw new Error('expected audio, got other binary data');
  return { kind: 'audio', generation: audio.generation, seq: audio.seq, bytes: audio.pcm.byteLength };
}

/**
 * Waits turns of the event loop until `condition` holds: for what the server does after its last message to a client.
 */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

export interface Rig {
  readonly clock: VirtualClock;
  readonly host: ScriptedHost;
  readonly front: Front;
  readonly door: Door;
  readonly readiness: Readiness;
  readonly address: ListeningAddress;
  connect(options?: TestClientOptions): TestClient;
  /** A client that said hello. */
  hello(fields?: object): Promise<TestClient>;
  /** A client that received `ready`, and its session. */
  greet(hello?: object): Promise<{ client: TestClient; session: ScriptedSession }>;
  stop(): Promise<void>;
}

/** Virtual time beside real sockets: a turn of the event loop reads what has arrived. */
class WireClock extends VirtualClock {
  override async nextTurn(): Promise<void> {
    await nextTurn();
    await nextTurn();
  }
}

/** A door with its endpoints on a free loopback port, with a scripted host and virtual time, until the test has finished. */
export async function startRig({
  token,
  jwt,
  insecure,
  allowedOrigins,
  operatorOrigins,
  gates = [],
  ...options
}: Partial<FrontOptions> & AccessOptions & { readonly gates?: readonly Gate[] } = {}): Promise<Rig> {
  const clock = new WireClock();
  const host = new ScriptedHost();
  const readiness = options.readiness ?? new Readiness();
  const access = accessOf({ token, jwt, insecure, allowedOrigins, operatorOrigins });
  const admission = new Admission(gates, clock, options.log ?? { info: () => {}, warn: () => {} });
  const front = makeFront({
    ...{ clock, host, resamplers: naiveResamplers, access, readiness, admission, port: 0 },
    ...options,
  });
  const { door } = front;
  const address = await front.listen();
  const clients: TestClient[] = [];
  const stop = async () => {
    await front.close();
    await Promise.all(clients.map((client) => client.closed));
  };
  afterTest(stop);
  const connectClient: Rig['connect'] = (how) => {
    const client = new TestClient(address.url, how);
    clients.push(client);
    return client;
  };
  const hello: Rig['hello'] = async (fields = {}) => {
    const client = await connectClient().opened();
    client.say({ type: 'hello', ...fields });
    return client;
  };
  return {
    clock,
    host,
    front,
    door,
    readiness,
    address,
    connect: connectClient,
    hello,
    greet: async (fields) => {
      const client = await hello(fields);
      const session = await host.opened.take();
      await client.json();
      return { client, session };
    },
    stop,
  };
}

/** {@link startRig}, with a client that received `ready`. */
export async function startSession(options: Parameters<typeof startRig>[0] = {}, hello: object = {}) {
  const rig = await startRig(options);
  return { rig, ...(await rig.greet(hello)) };
}

/** A WebSocket client without a library: it can stop reading, or never answer. */
export async function rawClient(address: ListeningAddress, path = '/v1/session'): Promise<Socket> {
  const socket = connect(address.port, '127.0.0.1');
  socket.on('error', () => {});
  const key = randomBytes(16).toString('base64');
  socket.write(
    [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${address.port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
      '\r\n',
    ].join('\r\n'),
  );
  const [head] = await once(socket, 'data');
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  if (!String(head).includes(accept)) throw new Error('no handshake');
  return socket;
}

/** Expects the fatal error with this code, and the connection to be closed for it. */
export async function expectEnd(client: TestClient, code: string, closeCode: number): Promise<void> {
  for (let message = await client.json(); ; message = await client.json()) {
    if (message.fatal !== true) continue;
    expect(message).toMatchObject({ type: 'error', code });
    break;
  }
  expect(await client.closed).toEqual({ code: closeCode, reason: code });
}

/** Everything that a socket receives from now on. */
export function collected(socket: Socket): () => Buffer {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}

/** The end of a reply, as a session publishes it. */
export function replyEnd(generation: number, reason: EndReason, heard: string): SessionMessage {
  return { type: 'reply.end', turn: generation, generation, reason, heard, timings: {} };
}

/** A client's frame (RFC 6455, section 5.2) of less than 64 KiB, with a mask of zeros. */
export function rawFrame(
  opcode: number,
  payload: Uint8Array | string,
  options: { fin?: boolean } = {},
): Buffer {
  const body = Buffer.from(payload);
  const first = (options.fin === false ? 0 : 0x80) | opcode;
  const length =
    body.length < 126 ? [0x80 | body.length] : [0x80 | 126, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([first, ...length, 0, 0, 0, 0]), body]);
}

/** Lets a client that stopped reading read on to the end of its connection; returns what it gets. */
export async function readsOn(socket: Socket, clock: Rig['clock']): Promise<Buffer> {
  const received = collected(socket);
  socket.resume();
  await clock.advance(1_000);
  await once(socket, 'close');
  return received();
}

/** The close code in a server's stream of frames. */
export function closeCodeIn(stream: Buffer): number | undefined {
  for (let at = 0; at + 2 <= stream.length; ) {
    const opcode = (stream[at] ?? 0) & 0x0f;
    let length = (stream[at + 1] ?? 0) & 0x7f;
    let start = at + 2;
    if (length === 126) {
      length = stream.readUInt16BE(start);
      start += 2;
    }
    if (opcode === 8) return stream.readUInt16BE(start);
    at = start + length;
  }
  return undefined;
}
