import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { realClock } from '../../adapters/real-clock.ts';
import { FRAME_MS, msOfSamples, samplesInMs } from '../../machines/audio.ts';
import { encodeAudio } from '../../machines/audio-message.ts';
import type { RetryAdvice } from '../../machines/errors.ts';
import { SUBPROTOCOL, WIRE_LIMITS } from '../../machines/wire.ts';
import { Speaker } from '../client/speaker.ts';
import { parseCommand, parseHello } from '../endpoints/parley-v1/client-messages.ts';
import { demand, type Message, observe, Peer, Waiting } from './peer.ts';

/** What a client gets for its reaction to `flush`, `playback` and `cancelled`, ms. */
const REACTION_MS = 150;
/** For the granularity of a client's clock: a `played` may be this far ahead of real time, ms. */
const PLAYED_TOLERANCE_MS = 20;

/** A client on its connection to the scripted server. */
export class Visitor extends Peer {
  /** A reference loudspeaker: no client can have played more. */
  #speaker = new Speaker(24_000, realClock.nowMs());
  #rate = 24_000;
  readonly #limits = new Map<number, number>();
  readonly #actions = new Map<string, 'runs' | 'has ended' | 'was cancelled'>();
  #inputRate = 16_000;
  #audio = { startMs: 0, samples: 0 };

  constructor(socket: WebSocket) {
    super(socket, (text, isFirst) => {
      const parsed = isFirst ? parseHello(text) : parseCommand(text);
      return parsed.ok ? undefined : `${parsed.failure.code}, ${parsed.failure.detail}`;
    });
  }

  /** Waits for the hello and answers it. */
  async ready(session = 'conformance-1'): Promise<Message> {
    const hello = await this.message('hello');
    const asked = parseHello(JSON.stringify(hello));
    const { inputRate = 16_000, outputRate = 24_000 } = (asked.ok && asked.message.audio) || {};
    this.#inputRate = inputRate;
    this.#rate = outputRate;
    this.#speaker = new Speaker(outputRate, realClock.nowMs());
    const rates = { inputRate, outputRate };
    this.send({ type: 'ready', session, epoch: 1, resumed: false, audio: rates, actions: 'results' });
    this.send({ type: 'state', value: 'idle', turn: 0, generation: 0, seq: 1, at: 1 });
    return hello;
  }

  /** Samples at the client's output rate. */
  samples(ms: number): number {
    return samplesInMs(ms, this.#rate);
  }

  /** Sends a tone of `ms` from frame `firstSeq` on, at the pace of a server. */
  async play(generation: number, ms: number, firstSeq = 0): Promise<void> {
    const total = this.samples(ms);
    const startMs = realClock.nowMs();
    for (let at = 0, seq = firstSeq; at < total; ) {
      const aheadMs = msOfSamples(at, this.#rate) - (realClock.nowMs() - startMs);
      if (aheadMs > WIRE_LIMITS.sendAheadMs - FRAME_MS) await observe(FRAME_MS);
      else {
        const length = Math.min(this.samples(FRAME_MS), total - at);
        const tone = Int16Array.from({ length }, (_, i) => 8_000 * Math.sin((at + i) / 10));
        if (!this.#limits.has(generation))
          this.#speaker.receive({ generation, seq }, tone, realClock.nowMs());
        this.send(encodeAudio({ generation, seq }, new Uint8Array(tone.buffer)));
        at += length;
        seq += 1;
      }
    }
  }

  async flush(generation: number): Promise<void> {
    this.send({ type: 'flush', generation });
    await observe(REACTION_MS);
    this.#limits.set(generation, this.#playedAtMost());
    this.#speaker.flush(generation, realClock.nowMs());
  }

  async playback(generation: number, state: 'playing' | 'ducked' | 'paused'): Promise<void> {
    this.send({ type: 'playback', generation, state });
    if (state === 'paused') await observe(REACTION_MS);
    this.#speaker.setPaused(state === 'paused', realClock.nowMs());
  }

  /** The highest `played` of the generation. */
  played(generation: number): number {
    const reports = this.all('played', (report) => report.generation === generation);
    return Math.max(0, ...reports.map(({ samples }) => Number(samples)));
  }

  /** A voice stop is suspected, or was none. */
  async hold(held: boolean): Promise<void> {
    this.send({ type: 'hold', held, ...(held && { phrase: 'stop' }) });
    if (held) await observe(REACTION_MS);
  }

  start(id: string, name: string, args: object = {}): void {
    this.#actions.set(id, 'runs');
    this.send({ type: 'action', id, name, args, status: 'started' });
  }

  async cancel(id: string, name: string): Promise<void> {
    this.send({ type: 'action', id, name, args: {}, status: 'cancelled' });
    await observe(REACTION_MS);
    this.#actions.set(id, 'was cancelled');
  }

  /** The end that the client reports of an action. */
  async result(id: string, status: string): Promise<Message> {
    const isEnd = (result: Message) => result.id === id && result.status !== 'progress';
    const expected = `an action.result of ${id}`;
    const result = await this.message('action.result', isEnd, expected);
    demand(result.status === status, () => `expected ${id} ${status}, got ${JSON.stringify(result)}`);
    return result;
  }

  /** Ends the connection as a server does. */
  end(code: string, closeCode: number, advice: RetryAdvice = {}): void {
    this.send({ type: 'error', code, message: 'scripted', fatal: true, ...advice });
    this.socket.close(closeCode, code);
  }

  /** Cuts the connection, like a network that fails. */
  cut(): void {
    this.socket.terminate();
  }

  /** Audio that the client has sent, and since when, in ms. */
  get microphone(): { readonly ms: number; readonly sinceMs: number } {
    const { samples, startMs } = this.#audio;
    return { ms: msOfSamples(samples, this.#inputRate), sinceMs: realClock.nowMs() - startMs };
  }

  protected override onMessage(message: Message): void {
    if (message.type === 'played') this.#checkPlayed(Number(message.generation), Number(message.samples));
    if (message.type === 'action.result') this.#checkResult(message);
  }

  protected override onBinary(bytes: Buffer): void {
    if (this.received.length === 0) this.fault('it sent audio before hello');
    const samples = bytes.byteLength / 2;
    const ms = msOfSamples(samples, this.#inputRate);
    if (!Number.isInteger(samples) || ms < WIRE_LIMITS.audioMinMs || ms > WIRE_LIMITS.audioMaxMs)
      this.fault(`an audio message of ${bytes.byteLength} bytes (${ms} ms); 10 to 100 ms are allowed`);
    if (this.#audio.samples === 0) this.#audio.startMs = realClock.nowMs();
    this.#audio.samples += samples;
    const { microphone } = this;
    if (microphone.ms > microphone.sinceMs * WIRE_LIMITS.audioRateFactor + WIRE_LIMITS.audioBurstMs)
      this.fault('it sent audio faster than 1.2 times real time after a burst of 5 s');
  }

  #playedAtMost(): number {
    this.#speaker.advance(realClock.nowMs());
    return this.#speaker.played.samples;
  }

  #checkPlayed(generation: number, samples: number): void {
    const atMost = this.#limits.get(generation) ?? this.#playedAtMost();
    if (generation !== this.#speaker.played.generation && !this.#limits.has(generation))
      this.fault(`played of generation ${generation}, which has no audio`);
    else if (samples > atMost + this.samples(PLAYED_TOLERANCE_MS)) {
      const why = this.#limits.has(generation) ? 'when it was flushed' : 'in real time';
      this.fault(
        `played ${samples} samples of generation ${generation}; at most ${atMost} were audible ${why}`,
      );
    }
    if (samples < this.played(generation))
      this.fault(`played of generation ${generation} went back to ${samples}`);
  }

  #checkResult(result: Message): void {
    const id = String(result.id);
    const is = this.#actions.get(id);
    if (is === 'runs') {
      if (result.status !== 'progress') this.#actions.set(id, 'has ended');
      const { status, message } = result;
      this.send({
        type: 'action',
        id,
        name: id,
        args: {},
        status,
        ...(message !== undefined && { message }),
      });
    } else this.fault(`action.result ${result.status} of ${id}, which ${is ?? 'was not started here'}`);
  }
}

/** A server on loopback that follows the script of a check. */
export class ScriptedServer extends Waiting {
  readonly url: string;
  readonly visitors: Visitor[] = [];
  /** When clients tried to connect, ms of `realClock`. */
  readonly attempts: number[] = [];
  /** Cuts each connection before it is one. */
  refuses = false;
  #taken = 0;
  #over: string | undefined;
  readonly #http: Server;

  private constructor(http: Server) {
    super();
    this.#http = http;
    this.url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
    http.on('upgrade', (request, socket, head) => {
      this.attempts.push(realClock.nowMs());
      if (this.refuses) socket.destroy();
      else
        sockets.handleUpgrade(request, socket, head, (client) => {
          const visitor = new Visitor(client);
          if (request.url !== '/v1/session' || client.protocol !== SUBPROTOCOL)
            visitor.fault(`it asked for ${request.url} with the subprotocol "${client.protocol}"`);
          this.visitors.push(visitor);
          this.wake();
        });
      this.wake();
    });
  }

  static async listen(port: number): Promise<ScriptedServer> {
    const http = createServer((_request, response) => response.writeHead(404).end());
    http.listen(port, '127.0.0.1');
    await once(http, 'listening');
    return new ScriptedServer(http);
  }

  /** The next connection. */
  async visitor(withinMs?: number): Promise<Visitor> {
    const at = this.#taken++;
    return this.until('a connection', () => this.visitors[at], withinMs);
  }

  /** No more clients will come. */
  over(why: string): void {
    this.#over = why;
    this.wake();
  }

  async close(): Promise<void> {
    for (const { socket } of this.visitors) socket.terminate();
    this.#http.close();
  }

  protected get isOver(): boolean {
    return this.#over !== undefined;
  }

  protected lately(): string {
    return this.#over ?? `${this.attempts.length} attempts to connect`;
  }
}
